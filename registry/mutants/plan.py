"""What a child process is to do: which tests it runs, and with which fixture replaced."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from registry import files

_NAME = "plan.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All that a child is told, in a file of the folder that it has for itself.

    ``arguments`` are pytest's, and ``path`` is what ``sys.path`` is to be. With ``files`` and
    ``tests`` only these are collected and run, until the first that fails. ``address`` is the
    fixture to be replaced by the one in the folder; ``keep`` is a folder for the fixtures that are
    loaded, as they are.
    """

    arguments: Sequence[str]
    path: Sequence[str]
    files: Sequence[str] = ()
    tests: Sequence[str] = ()
    address: str = ""
    keep: str = ""

    def write(self, folder: Path) -> None:
        """Put it where `read` finds it."""
        (folder / _NAME).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """What was written for a folder."""
        return cls(**json.loads(files.read(folder / _NAME)))
