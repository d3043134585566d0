"""The sidecar: what a fixture is, where it came from and what was measured on it.

JSON beside each fixture, tracked by git and pinned in ``dvc.lock``. Nothing in it depends on the
clock, the machine or library versions, so that the same declaration gives the same text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from typing import Any

from registry.errors import ChainError

_HEX = {"sha256": re.compile(r"[0-9a-f]{64}"), "blob": re.compile(r"blob:[0-9a-f]{40}")}
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_(v[1-9][0-9]*)(_[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sidecar:
    """A sidecar's fields; those that PtychoPINN's own sidecars have keep their names.

    ``generator_commit`` is ``blob:`` and the id that git gives the generator's file, which is
    known before a commit exists. ``arrays`` is the inventory of DATA-001.
    """

    name: str
    version: str
    created: str
    licence: str
    generator_script: str
    generator_commit: str
    generator_helpers: dict[str, str]
    generator_parameters: dict[str, Any]
    source_dataset: str
    source_sha256: str
    source_commit: str | None
    source_declaration: dict[str, Any]
    subset_strategy: str
    subset_size: int
    subset_indices: list[int]
    transformations: list[str]
    sha256_checksum: str
    content_sha256: str
    size: int
    arrays: dict[str, dict[str, Any]]
    checks: dict[str, Any]
    schemas: dict[str, str]

    @classmethod
    def from_dict(cls, document: Any, *, subject: str) -> Sidecar:
        """Build from parsed JSON, with the checks that a reader's safety needs.

        Raises
        ------
        ChainError
            A field is missing, unknown, or not of its form; the message has its dotted path.
        """
        if not isinstance(document, dict):
            raise _refused(subject, "sidecar", "a JSON object", document)
        known = [item.name for item in fields(cls)]
        for key in known:
            if key not in document:
                raise _refused(subject, key, "a value", None)
        for key in document:
            if key not in known:
                raise _refused(subject, str(key), "no such field", document[key])
        for key, form in _FORMS.items():
            if not isinstance(document[key], form) or isinstance(document[key], bool):
                raise _refused(subject, key, form.__name__, document[key])
        for key in ("sha256_checksum", "content_sha256", "source_sha256"):
            if not _HEX["sha256"].fullmatch(document[key]):
                raise _refused(subject, key, "64 hexadecimal digits", document[key])
        if not _HEX["blob"].fullmatch(document["generator_commit"]):
            raise _refused(
                subject,
                "generator_commit",
                "blob: and 40 hexadecimal digits",
                document["generator_commit"],
            )
        for name, record in document["arrays"].items():
            if not isinstance(record, dict):
                raise _refused(subject, f"arrays.{name}", "an object", record)
            for key, form in (("dtype", str), ("shape", list), ("sha256", str)):
                if not isinstance(record.get(key), form):
                    raise _refused(subject, f"arrays.{name}.{key}", form.__name__, record.get(key))
        return cls(**document)

    def to_dict(self) -> dict[str, Any]:
        """The fields in declared order, as JSON values."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


_FORMS: dict[str, type] = {
    "name": str, "version": str, "created": str, "licence": str,
    "generator_script": str, "generator_commit": str,
    "generator_helpers": dict, "generator_parameters": dict,
    "source_dataset": str, "source_sha256": str, "source_declaration": dict,
    "subset_strategy": str, "subset_size": int, "subset_indices": list,
    "transformations": list, "sha256_checksum": str, "content_sha256": str, "size": int,
    "arrays": dict, "checks": dict, "schemas": dict,
}  # fmt: skip


def version_of(name: str) -> str:
    """Version in a fixture's name.

    >>> version_of("minimal_dataset_v1_n16")
    'v1'
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} has no version such as _v1")
    return match[2]


def encode(sidecar: Sidecar) -> bytes:
    """Text of a sidecar: UTF-8, two spaces of indent, lists of numbers on one line."""
    text = json.dumps(sidecar.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    # One line per list of numbers keeps 128 indices from burying the rest of a diff. JSON strings
    # hold no raw newline, so nothing inside one can match.
    text = re.sub(
        r"\[\n\s*(-?[0-9][^\[\]{}\"]*?)\n\s*\]",
        lambda match: "[" + re.sub(r"\s+", " ", match[1]) + "]",
        text,
    )
    return (text + "\n").encode()


def parse(data: bytes, *, subject: str) -> Sidecar:
    """Read a sidecar's text.

    Raises
    ------
    ChainError
        It is not JSON, or not a sidecar.
    """
    try:
        document = json.loads(data)
    except ValueError as error:
        raise _refused(subject, "sidecar", "JSON", str(error)) from None
    return Sidecar.from_dict(document, subject=subject)


def _refused(subject: str, path: str, expected: str, found: Any) -> ChainError:
    shown = "nothing" if found is None else repr(found)
    return ChainError(
        f"{subject}: sidecar field {path}",
        expected=expected,
        found=shown if len(shown) <= 80 else shown[:77] + "...",
        remedy="git checkout the sidecar, or rebuild it: dvc repro",
    )
