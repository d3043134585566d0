"""The certificate of a version: on which machines it was built, and which digest came out.

JSON Lines in ``certificates/NAME.jsonl``, which is git's: a line for each machine and its settings,
so that two branches merge by keeping all lines (``merge=union``), in any order. What a line may
hold is said by ``schemas/certificate_v1.schema.json``; here it is seen to that every field is there
and of its type, that the line is written as `encode` writes it, and that it has the digest of what
is pinned. A line is a claim: who committed it makes it, and to build again is the only test of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from registry import files
from registry.errors import ChainError, MissingError
from registry.identity import chain, schema
from registry.identity.sidecar import NAME, Sidecar
from registry.machine import Machine

FOLDER, SUFFIX = "certificates", ".jsonl"
SCHEMA = "certificate_v1.schema.json"
# Of a machine's settings, where it was one in name alone.
EMULATOR = "emulator"
HEAD = ("machine", "byte order", "configurations", "numpy", "C library", "dates")


@dataclass(frozen=True, kw_only=True, slots=True)
class Witness:
    """One line: a machine, the content digest that came out there, when, and at which commit."""

    machine: Machine
    content_sha256: str
    commit: str
    date: str

    def __str__(self) -> str:
        document = asdict(self)
        document["machine"]["settings"] = dict(sorted(self.machine.settings.items()))
        return json.dumps(document, ensure_ascii=False)

    @classmethod
    def from_dict(cls, document: Any) -> Witness:
        """Build from parsed JSON, whose every field has to be there and of its type.

        Raises
        ------
        ValueError
            A field is missing, unknown, or not of its type.
        """
        _hold_to_fields(document, cls)
        _hold_to_fields(document["machine"], Machine)
        machine = dict(document["machine"])
        listed, settings = machine["features"], machine["settings"]
        if not (isinstance(listed, list) and isinstance(settings, dict)):
            raise ValueError("features are a list, settings are an object")
        texts = [*_others(document, "machine"), *_others(machine, "features", "settings")]
        if not all(isinstance(text, str) for text in (*texts, *listed, *settings.values())):
            raise ValueError("a value that is no text")
        machine["features"] = tuple(listed)
        return cls(**{**document, "machine": Machine(**machine)})


def _hold_to_fields(document: Any, kind: type[Witness | Machine]) -> None:
    if not isinstance(document, dict):
        raise ValueError(f"no object for {kind.__name__.lower()}")
    names = [item.name for item in fields(kind)]
    if missing := [name for name in names if name not in document]:
        raise ValueError(f"no field {missing[0]}")
    if unknown := [name for name in document if name not in names]:
        raise ValueError(f"an unknown field, {unknown[0]}")


def _others(document: dict[str, Any], *names: str) -> list[Any]:
    return [value for name, value in document.items() if name not in names]


def path(name: str) -> str:
    """Where a fixture's certificate lies, relative to the registry."""
    return f"{FOLDER}/{name}{SUFFIX}"


def names(root: Path) -> list[str]:
    """Names of fixtures that have a certificate, pinned or not; other files are somebody else's."""
    found = (file.stem for file in (root / FOLDER).glob(f"*{SUFFIX}"))
    return sorted(name for name in found if NAME.fullmatch(name))


def encode(witnesses: Iterable[Witness]) -> bytes:
    """Text of a certificate: a line for each, sorted."""
    return "".join(f"{line}\n" for line in sorted(map(str, witnesses))).encode()


def parse(data: bytes, name: str) -> list[Witness]:
    """The lines of a certificate, in any order, for it may have been merged.

    Parameters
    ----------
    name : str
        The fixture's.

    Raises
    ------
    ChainError
        A line is not one that `encode` writes, or stands there twice.
    """
    *lines, rest = data.split(b"\n")
    found: dict[bytes, Witness] = {}
    for number, line in enumerate(lines, start=1):
        try:
            witness = Witness.from_dict(json.loads(line))
            if str(witness).encode() != line:
                raise ValueError("the same in other bytes")
        except (ValueError, RecursionError) as error:
            raise _edited(name, f"line {number}: {error}") from None
        if line in found:
            raise _edited(name, f"line {number} a second time")
        found[line] = witness
    if rest or not found:
        raise _edited(name, "a last line without its end" if rest else "no line")
    return list(found.values())


def _edited(name: str, found: str) -> ChainError:
    return chain.CERTIFICATE.broken(
        name,
        f"lines of {path(name)} as they were written, each once",
        found,
        f"git checkout -- {path(name)}, or remove the line: nobody has to write one by hand",
    )


def held(root: Path, record: Sidecar) -> list[Witness]:
    """Lines of a fixture's certificate, held against its sidecar; none where there is no file.

    Raises
    ------
    ChainError
        The file is damaged, or a line has another digest than the sidecar.
    """
    try:
        data = files.read(root / path(record.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _edited(record.name, error.strerror or str(error)) from None
    found = parse(data, record.name)
    hold(found, record)
    return found


def hold(witnesses: Iterable[Witness], record: Sidecar) -> None:
    """Hold lines against the sidecar of their fixture.

    Raises
    ------
    ChainError
        One has another digest.
    """
    for witness in witnesses:
        if witness.content_sha256 != record.content_sha256:
            raise chain.CERTIFICATE.broken(
                record.name,
                f"content SHA-256 {record.content_sha256} in each line, as in the sidecar",
                f"{witness.content_sha256} of {witness.machine} in {path(record.name)}",
                "a line of an earlier draft goes: remove it, or the file; another machine that "
                f"builds something else says so by: fixtures verify {record.name} --regenerate",
            )


def satisfy(root: Path, name: str, witnesses: Sequence[Witness]) -> None:
    """Hold lines against the registry's schema of them.

    Raises
    ------
    ChainError
        One breaks a rule of it.
    MissingError
        The schema's file is absent, or the extra ``build`` is not installed.
    """
    rules = root / "schemas" / SCHEMA
    if not rules.is_file():
        raise MissingError(
            f"schema {SCHEMA}",
            expected="a JSON Schema in the registry's folder schemas",
            found="no such file",
            remedy=f"git checkout -- schemas/{SCHEMA}; where it never was: fixtures init, which "
            "writes what a registry lacks",
        )
    fits = schema.compiled(rules)
    for witness in witnesses:
        document = json.loads(str(witness))
        if not fits(document) and (problems := schema.problems(document, rules)):
            raise chain.CERTIFICATE.broken(
                name,
                f"lines of {path(name)} that satisfy schemas/{SCHEMA}",
                "; ".join(map(str, problems)),
                f"git checkout -- {path(name)}, or remove the line",
            )


def summary(witnesses: Sequence[Witness]) -> list[tuple[str, ...]]:
    """A row for each kind of machine, with the columns of `HEAD`."""
    rows: list[tuple[str, ...]] = []
    for kind, byte_order in sorted({_kind(each.machine) for each in witnesses}):
        of_kind = [each for each in witnesses if _kind(each.machine) == (kind, byte_order)]
        machines = [each.machine for each in of_kind]
        dates = sorted({each.date for each in of_kind})
        rows.append(
            (
                kind,
                byte_order,
                # one may have been a witness at several commits
                str(sum(machine not in machines[:n] for n, machine in enumerate(machines))),
                _listed(machine.numpy for machine in machines),
                _listed(machine.libc for machine in machines),
                dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}",
            )
        )
    return rows


def _kind(machine: Machine) -> tuple[str, str]:
    """Architecture, and that it was emulated where it was, with the byte order."""
    emulated = ", emulated" if EMULATOR in machine.settings else ""
    return f"{machine.architecture}{emulated}", machine.byte_order


def _listed(texts: Iterable[str]) -> str:
    def numbers(text: str) -> tuple[list[int], str]:
        return [int(digits) for digits in re.findall(r"\d+", text)], text

    return ", ".join(sorted(set(texts), key=numbers))
