"""``fixtures pull``: verified bytes in the workspace, as ``dvc pull`` leaves them, or at a path."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import console, files, loading
from registry.cli import json_output
from registry.declare import deprecation
from registry.environment import is_offline
from registry.errors import ChainError, MissingError, RegistryError, UsageError, word, worst
from registry.identity import pins
from registry.identity.pins import Pin
from registry.storage import cache, imports, served, workspace
from registry.storage.root import locate

_PRESENT, _CACHE, _REMOTE = "present", "from the cache", "from the remote"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _File:
    """A file that has to be in the workspace; ``test`` raises a ChainError on other bytes."""

    pin: Pin
    path: str
    md5: str
    size: int
    test: Callable[[loading.Buffer], None]


# Where a file came from, or why it is not there.
_Outcome = str | RegistryError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="default: all that are pinned")
    parser.add_argument(
        "--offline",
        action="store_true",
        default=None,
        help="take bytes from DVC's cache alone, not the remote",
    )
    parser.add_argument(
        "--to",
        metavar="PATH",
        help="put a copy of one fixture there and not into the workspace; into a folder, one that "
        "is there or a path that ends with /, its sidecar as well",
    )
    json_output.add(parser)


def run(arguments: argparse.Namespace) -> int:
    root = locate(None)
    if arguments.to is not None:
        return _copy(root, arguments)
    chosen = [loading.resolve(root, name) for name in arguments.names]
    # by name, for a fixture may be asked for twice
    wanted = {pin.name: pin for pin in chosen or pins.read(root).values()}
    if not wanted and not arguments.json:
        console.say(served.nothing_pinned(root))
        return 0
    offline = is_offline(arguments.offline)
    outcomes = {
        name: served.advised(root, outcome) if isinstance(outcome, RegistryError) else outcome
        for name, outcome in _pull(root, list(wanted.values()), offline).items()
    }
    errors = [outcome for outcome in outcomes.values() if isinstance(outcome, RegistryError)]
    if arguments.json:
        facts = [_facts(wanted[name], outcome) for name, outcome in outcomes.items()]
        remarks = list(_remarks(root, wanted.values(), offline))
        json_output.say({"root": str(root), "fixtures": facts, "remarks": remarks})
        return worst(error.exit_code for error in errors)
    for name, outcome in outcomes.items():
        if isinstance(outcome, RegistryError):
            console.say(f"{word(outcome.exit_code):<7}  {name}")
        elif outcome == _PRESENT:
            console.say(f"present  {name}")
        else:
            console.say(f"pulled   {name}  ({wanted[name].size:,} bytes {outcome})")
    console.print_errors(errors)
    found = list(outcomes.values())
    counts = [f"{found.count(kind)} {kind}" for kind in (_PRESENT, _CACHE, _REMOTE)]
    counts.append(f"{len(errors)} failed")
    console.say(f"{len(found)} fixture{'s' * (len(found) != 1)}: {', '.join(counts)}")
    console.say(*_remarks(root, wanted.values(), offline))
    return worst(error.exit_code for error in errors)


def _facts(pin: Pin, outcome: _Outcome, path: str | None = None) -> dict[str, Any]:
    """What became of a fixture, for a document."""
    facts = {"name": pin.name, "path": path or pin.path, "size": pin.size}
    if isinstance(outcome, RegistryError):
        return {**facts, "outcome": "failed", "error": json_output.error(outcome)}
    return {**facts, "outcome": outcome}


def _remarks(root: Path, wanted: Collection[Pin], offline: bool) -> Iterator[str]:
    if not offline:
        # a load does not ask: here it is learnt, for later loads as well
        yield from imports.look(root, wanted)
    yield from (str(found) for pin in wanted if (found := deprecation.of(root, pin)))


def _copy(root: Path, arguments: argparse.Namespace) -> int:
    """Put a fixture where a test opens it: together with its sidecar, or neither."""
    names, to, offline = arguments.names, arguments.to, arguments.offline
    if len(names) != 1:
        raise UsageError(
            f"--to {to}",
            expected="the name of one fixture, since one path is for one",
            found=" ".join(names) or "no name",
            remedy=f"fixtures pull NAME --to {to}",
        )
    pin = loading.resolve(root, names[0], offline=offline)
    data, sidecar = loading.read_pair(root, pin, offline=offline)
    path = Path(to)
    contents = {path: data}
    if path.is_dir() or to.endswith(("/", os.sep)):
        contents = {path / f"{pin.name}.npz": data, path / f"{pin.name}.json": sidecar}
    absent = {each: data for each, data in contents.items() if not _is_there(each, data)}
    files.write_together(absent)
    outcome = "pulled" if absent else _PRESENT
    if arguments.json:
        facts = _facts(pin, outcome, os.fspath(next(iter(contents))))
        json_output.say({"root": str(root), "fixtures": [facts], "remarks": []})
    else:
        console.say(f"{outcome:<7}  {pin.name}  ({to})")
    return 0


def _is_there(path: Path, data: loading.Buffer) -> bool:
    """Whether a path has these bytes already; something else there is not overwritten."""
    try:
        if files.read(path, follow=False) == data:
            return True
        found = "other bytes"
    except FileNotFoundError:
        return False
    except OSError as error:
        found = f"something that is no file that can be read: {error.strerror}"
    raise UsageError(
        str(path),
        expected="no file, or one with the bytes that are asked for",
        found=found,
        remedy="remove it, or name another path: --to PATH",
    )


def _pull(root: Path, wanted: Sequence[Pin], offline: bool) -> dict[str, _Outcome]:
    # The sidecars that git does not bring come first: they say what the bytes have to be.
    sidecars = _place(root, [_sidecar(pin) for pin in wanted if pin.imported], offline)
    outcomes: dict[str, _Outcome] = {}
    for file, outcome in sidecars.items():
        if isinstance(outcome, RegistryError):
            outcomes[file.pin.name] = outcome
    datasets = []
    for pin in wanted:
        if pin.name not in outcomes:
            try:
                datasets.append(_dataset(root, pin))
            except RegistryError as error:
                outcomes[pin.name] = error
    for file, outcome in _place(root, datasets, offline).items():
        outcomes[file.pin.name] = outcome
    return {pin.name: outcomes[pin.name] for pin in wanted}


def _sidecar(pin: Pin) -> _File:
    return _File(
        pin=pin,
        path=pin.sidecar_path,
        md5=pin.sidecar_md5,
        size=pin.sidecar_size,
        test=lambda data: loading.check_sidecar(pin, data),
    )


def _dataset(root: Path, pin: Pin) -> _File:
    record = loading.read_sidecar(root, pin, offline=True)
    return _File(
        pin=pin,
        path=pin.path,
        md5=pin.md5,
        size=pin.size,
        test=lambda data: loading.check_bytes(pin, record, data),
    )


def _place(root: Path, wanted: Sequence[_File], offline: bool) -> dict[_File, _Outcome]:
    """Make sure of files in the workspace: those that are good, then the cache's, then the rest."""
    # threads: hashing large buffers leaves the interpreter's lock
    with ThreadPoolExecutor() as pool:
        here = pool.map(lambda file: _here(root, file), wanted)
        outcomes = dict(zip(wanted, here, strict=True))
    missing = [file for file, outcome in outcomes.items() if outcome is None]
    if offline:
        fetched: dict[_File, _Outcome] = {file: _not_asked(file) for file in missing}
    else:
        fetched = _fetch(root, missing)
    found = {file: outcome for file, outcome in outcomes.items() if outcome is not None}
    return {**found, **fetched}


def _here(root: Path, file: _File) -> _Outcome | None:
    """Where this machine had the file's bytes; None where it had not."""
    if _passes(file, workspace.read(root, file.path)):
        return _PRESENT
    data = cache.read(root, file.md5)
    if data is None:
        return None
    if not _passes(file, data):
        cache.discard(root, file.md5)
        return None
    return _write(root, file, data, _CACHE)


def _passes(file: _File, data: loading.Buffer | None) -> bool:
    if data is None:
        return False
    try:
        file.test(data)
    except ChainError:
        return False
    return True


def _fetch(root: Path, missing: Sequence[_File]) -> dict[_File, _Outcome]:
    if not missing:
        return {}
    from registry.storage import remote, transfer

    # fixtures with the same bytes are one object
    by_object: dict[transfer.Wanted, list[_File]] = {}
    for file in missing:
        pin = file.pin
        wanted = transfer.Wanted(
            md5=file.md5, size=file.size, target=pin.targets, imported=pin.imported
        )
        by_object.setdefault(wanted, []).append(file)
    outcomes: dict[_File, _Outcome] = {}

    def receive(wanted: transfer.Wanted, found: loading.Buffer | RegistryError) -> None:
        for file in by_object[wanted]:
            outcomes[file] = _accept(root, file, found)

    remote.fetch(root, list(by_object), receive)
    return outcomes


def _accept(root: Path, file: _File, found: loading.Buffer | RegistryError) -> _Outcome:
    if isinstance(found, RegistryError):
        return found
    try:
        file.test(found)
    except ChainError as error:
        # what dvc.lock pins, and yet not what the sidecar says
        cache.discard(root, file.md5)
        return error
    return _write(root, file, found, _REMOTE)


def _write(root: Path, file: _File, data: loading.Buffer, place: str) -> _Outcome:
    try:
        workspace.write(root, file.path, data, md5=file.md5)
    except UsageError as error:
        return error
    except OSError as error:
        return MissingError(
            f"fixture {file.pin.name}",
            expected=f"{file.path} to be written, {file.size} bytes",
            found=f"{error.strerror}; nothing half-written is left",
            remedy=console.IN_USE
            if sys.platform == "win32" and isinstance(error, PermissionError)
            else "free some space or make the folder writable, then run the command again",
        )
    return place


def _not_asked(file: _File) -> MissingError:
    return MissingError(
        f"fixture {file.pin.name}",
        expected=f"{file.path} in the workspace, or its object in DVC's cache",
        found="neither, and the remote was not asked (offline)",
        remedy=f"run the command without --offline and FIXTURES_OFFLINE, or "
        f"{loading.pull_command(file.pin)}",
    )
