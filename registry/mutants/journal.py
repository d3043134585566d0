"""What a child writes down, line by line, so that a crash leaves what came before it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from registry import files

_NAME = "journal.jsonl"
PASSED, FAILED, OTHER = "passed", "failed", "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """A test that ended, or a file that could not be collected.

    ``outcome`` is `PASSED`, `FAILED` or, of a test that was skipped or is expected to fail,
    `OTHER`. ``uses`` has the addresses of the fixtures that it uses, ``got`` of those whose arrays
    it was given.
    """

    name: str
    file: str
    outcome: str
    reason: str
    uses: frozenset[str]
    got: frozenset[str]


@dataclass(kw_only=True, slots=True)
class Journal:
    """All that a child has written: ``code`` is pytest's, None where it did not come to its end."""

    tests: list[Ran] = field(default_factory=list)
    uncollected: list[Ran] = field(default_factory=list)
    last_started: str = ""
    code: int | None = None


class Writer:
    """Writes the journal of a folder."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / _NAME).open("a", encoding="utf-8")

    def started(self, test: str) -> None:
        """A test begins."""
        self._write("started", test)

    def ended(self, test: Ran) -> None:
        """A test came to its end."""
        self._write("test", _plain(test))

    def uncollected(self, file: Ran) -> None:
        """A file could not be collected."""
        self._write("uncollected", _plain(file))

    def finished(self, code: int) -> None:
        """So did pytest, with this exit code."""
        self._write("code", code)

    def _write(self, what: str, value: object) -> None:
        self._file.write(json.dumps([what, value]) + "\n")
        self._file.flush()


def _plain(ran: Ran) -> dict[str, object]:
    return {**asdict(ran), "uses": sorted(ran.uses), "got": sorted(ran.got)}


def _ran(document: dict[str, Any]) -> Ran:
    sets = {key: frozenset(document[key]) for key in ("uses", "got")}
    return Ran(**{**document, **sets})


def read(folder: Path) -> Journal:
    """What a child wrote to its folder, as far as it came."""
    found, path = Journal(), folder / _NAME
    for line in files.read(path).decode().splitlines() if path.exists() else ():
        what, value = json.loads(line)
        match what:
            case "started":
                found.last_started = value
            case "test":
                found.tests.append(_ran(value))
            case "uncollected":
                found.uncollected.append(_ran(value))
            case "code":
                found.code = value
    return found
