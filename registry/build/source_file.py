"""The file that a source's stage made, opened for the fixtures that are cut from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.build.kept import SHA256, Kept
from registry.build.record import SourceRecord
from registry.errors import CheckError
from registry.field import Field
from registry.identity import foreign_npz, npz_rows


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """A source: its record, and its arrays, which nobody can write to.

    Arrays that the source's field wants row by row are read from the file when rows are taken.
    """

    record: SourceRecord
    arrays: Mapping[str, Any]


def opened(
    subject: str, record: SourceRecord, known: Field, path: Path | None = None
) -> SourceFile:
    """Open a source, whose file has to be what its record says.

    Parameters
    ----------
    subject : str
        For messages.
    record : SourceRecord
    known : Field
        The field of the fixture that is cut from it.
    path : path, optional
        Where the file is. Default: where the source's stage puts it.

    Raises
    ------
    CheckError
        It is another file, or none.
    """
    path = record.path if path is None else path
    digests = Kept()
    found = digests.digest(path, SHA256)[0] if path.is_file() else "no such file"
    if found != record.sha256:
        raise CheckError(
            subject,
            expected=f"{path} with SHA-256 {record.sha256}, as its record says",
            found=found,
            remedy=f"dvc repro --force source@{record.name}",
        )
    digests.save()
    arrays = _read(record, path, known.read_by_row(record.to_dict()))
    return SourceFile(record=record, arrays=arrays)


def _read(record: SourceRecord, path: Path, by_row: Sequence[str]) -> dict[str, Any]:
    """Arrays of a source; of those that lie row after row only the rows that are asked for."""
    subject = f"source {record.name}"
    if record.is_foreign or not by_row:
        return dict(foreign_npz.read(path, subject=subject))
    names = foreign_npz.inventory(path, subject=subject).keys() - set(by_row)
    return {
        **foreign_npz.read(path, subject=subject, names=sorted(names)),
        **{name: npz_rows.rows(path, name, subject=subject) for name in by_row},
    }
