"""What a source's stage says of the source to the stages of its fixtures."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from registry import files
from registry.errors import CheckError, MissingError

SOURCES = Path("build/sources")


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceRecord:
    """A source, beside its ``.npz``.

    ``sha256`` and ``size`` are the file's; ``is_foreign`` tells one that another tool wrote.
    ``commit`` is that of the file from which it was made, as declared, or None. ``declaration`` is
    its entry of ``params.yaml``, with files by name. ``generators`` are git's ids of the
    generator's file and of those that it imports. ``transformations`` and ``details`` are what the
    generator said of it: the field knows what.
    """

    name: str
    sha256: str
    size: int
    is_foreign: bool
    licence: str
    commit: str | None
    declaration: dict[str, Any]
    generator_script: str
    generators: dict[str, str]
    transformations: list[str]
    details: dict[str, Any]

    @property
    def path(self) -> Path:
        """The source's file, relative to the registry."""
        return SOURCES / f"{self.name}.npz"

    def to_dict(self) -> dict[str, Any]:
        """The fields, as generators and the field's checks take them: details beside the others."""
        found = asdict(self)
        return {**found.pop("details"), **found}

    def encode(self) -> bytes:
        """Text of the record."""
        return (json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n").encode()


def read(name: str, root: Path = Path()) -> SourceRecord:
    """The record of a source of the registry at `root` that has been built.

    Raises
    ------
    MissingError
        It has not been built.
    CheckError
        The record is not one that this code writes.
    """
    path = SOURCES / f"{name}.json"
    try:
        document = json.loads(files.read(root / path))
        if not isinstance(document, dict) or document.keys() != {
            item.name for item in fields(SourceRecord)
        }:
            raise ValueError("other fields than a source's record has")
        return SourceRecord(**document)
    except FileNotFoundError:
        raise MissingError(
            f"source {name}",
            expected=f"{path}, which the source's stage writes",
            found="no such file",
            remedy=f"dvc repro source@{name}",
        ) from None
    except ValueError as error:
        raise CheckError(
            f"source {name}",
            expected=f"{path}, as the source's stage writes it",
            found=str(error),
            remedy=f"dvc repro --force source@{name}",
        ) from None
