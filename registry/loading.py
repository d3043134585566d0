"""From an address to verified arrays: pin, sidecar, bytes, each link held against the one before.

DVC's pin gives the sidecar's md5 and the fixture's size; the sidecar gives the fixture's SHA-256.
Bytes are looked for in the workspace, in DVC's cache and on the remote, in this order; where they
came from changes nothing about what is tested. Arrays are views of the very bytes that were hashed,
but for a big-endian machine, where they are copies in its own byte order.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from registry import byte_order, files
from registry.declare import deprecation, retirement
from registry.digests import md5, sha256
from registry.environment import OFFLINE, is_offline
from registry.errors import (
    AbsentBytesError,
    ChainError,
    MissingError,
    RegistryError,
    UsageError,
)
from registry.fixture import Fixture
from registry.identity import address, chain, pins, sidecar
from registry.identity.pins import Pin
from registry.identity.sidecar import Sidecar
from registry.storage import cache, served, workspace
from registry.storage.root import locate

Buffer = files.Buffer

# Stands between every load and whoever asked for it. None, but in processes that `fixtures mutants`
# starts to plant mistakes.
replace: Callable[[Fixture], Fixture] | None = None


# The mend of what an import has wrong although it is the pinned one.
REPORT = "tell those who keep the registry that it is imported from"


class HealedWarning(UserWarning):
    """A workspace file broke the chain and was replaced by verified bytes."""


def load(name: str, root: Path | str | None = None, *, offline: bool | None = None) -> Fixture:
    """Verified, read-only arrays of a fixture.

    Parameters
    ----------
    name : str
        A name as in ``params.yaml``, ``sha256:DIGEST``, or ``NAME@sha256:DIGEST``.
    root : path or str, optional
        The registry's top folder, or ``git+URL@REVISION``; found from the working directory where
        not given.
    offline : bool, optional
        Never ask the remote. Default: whether ``$FIXTURES_OFFLINE`` is set.

    Raises
    ------
    UsageError
        No registry, or no fixture of that address.
    MissingError
        The fixture is pinned, but its bytes or its sidecar are nowhere to be had.
    ChainError
        A link of the chain is broken; the message says which.
    ArchiveError
        The bytes are the pinned ones and yet no canonical ``.npz``.
    """
    from registry.identity import npz

    top = locate(root, offline=offline)
    try:
        pin = resolve(top, name, offline=offline)
        deprecated = deprecation.of(top, pin)
        if deprecated is not None:
            warnings.warn(str(deprecated), deprecation.FixtureDeprecationWarning, stacklevel=2)
        record = read_sidecar(top, pin, offline=offline)
        data = read_bytes(top, pin, record, offline=offline)
        arrays = npz.parse(data, subject=f"fixture {pin.name}")
    except RegistryError as error:
        raise served.advised(top, error) from None
    return hand_out(
        Fixture(
            name=pin.name,
            arrays={key: byte_order.native(array) for key, array in arrays.items()},
            sidecar=record,
            path=top / pin.path,
        )
    )


def names(root: Path | str | None = None, *, offline: bool | None = None) -> list[str]:
    """Names of the fixtures that a registry pins, sorted; retired ones are left out.

    For ``pytest.mark.parametrize("name", registry.names())``. No sidecar and no fixture is read.

    Parameters
    ----------
    root, offline : optional
        As for `load`.

    Raises
    ------
    UsageError
        No registry.
    MissingError
        It has no pins, or is named by a URL that cannot be reached, and was not used before.
    ChainError
        Its lock, or an import, is not one that DVC writes.
    """
    top = locate(root, offline=offline)
    try:
        return sorted(pins.read(top).keys() - retirement.retired(top).keys())
    except RegistryError as error:
        raise served.advised(top, error) from None


def hand_out(fixture: Fixture) -> Fixture:
    """The fixture for a caller who asks for it; also where it was loaded for another one before."""
    return fixture if replace is None else replace(fixture)


@served.advising
def resolve(root: Path, text: str, *, offline: bool | None = None) -> Pin:
    """The pin that an address means; a name and a digest together must agree."""
    wanted = address.parse(text)
    if wanted.name is not None:
        pin = retirement.find_pin(root, wanted.name)
        if wanted.sha256 is not None:
            found = read_sidecar(root, pin, offline=offline).sha256_checksum
            if found != wanted.sha256:
                raise chain.ADDRESS.broken(
                    pin.name,
                    f"SHA-256 {wanted.sha256}, as the address says",
                    found,
                    "fixtures repin FILE, if the test is to have these bytes; else check out the "
                    "revision that its address is from",
                )
        return pin
    known = []
    for pin in pins.read(root).values():
        found = read_sidecar(root, pin, offline=offline).sha256_checksum
        if found == wanted.sha256:
            return pin
        known.append(f"{found[:12]} ({pin.name})")
    raise UsageError(
        f"address {wanted}",
        expected="the SHA-256 of a pinned fixture",
        found=f"none of {', '.join(known) or 'no fixtures'}",
        remedy="fixtures show NAME prints a fixture's sha256",
    )


@served.advising
def read_sidecar(root: Path, pin: Pin, *, offline: bool | None = None) -> Sidecar:
    """The sidecar, held against the pin."""
    return _record(pin, _sidecar_text(root, pin, offline))


@served.advising
def read_pair(root: Path, pin: Pin, *, offline: bool | None = None) -> tuple[Buffer, Buffer]:
    """Bytes of the fixture and of its sidecar, the whole chain of them verified."""
    text = _sidecar_text(root, pin, offline)
    return read_bytes(root, pin, _record(pin, text), offline=offline), text


def _sidecar_text(root: Path, pin: Pin, offline: bool | None) -> Buffer:
    text: Buffer | None
    if pin.imported:
        text = _chain(
            root,
            pin,
            _File(
                what="sidecar", path=pin.sidecar_path, md5=pin.sidecar_md5, size=pin.sidecar_size
            ),
            lambda found: check_sidecar(pin, found),
            offline,
        )
    else:
        # git's, so neither in DVC's cache nor on a remote
        text = workspace.read(root, pin.sidecar_path)
        if text is None:
            remedy = f"git checkout -- {pin.sidecar_path}"
            raise _absent(pin, "sidecar", pin.sidecar_path, remedy, needs_clone=True)
        check_sidecar(pin, text)
    return text


def _record(pin: Pin, text: Buffer) -> Sidecar:
    record = _parsed(pin, bytes(text))
    if record.name != pin.name:
        raise chain.NAME.broken(
            pin.name,
            f"a sidecar of {pin.name}",
            f"one of {record.name}",
            pin.restore,
        )
    return record


def _parsed(pin: Pin, text: bytes) -> Sidecar:
    try:
        return sidecar.parse(text, subject=f"fixture {pin.name}")
    except ChainError as error:
        if not pin.imported:
            raise
        # that registry published it so
        raise error.but(remedy=REPORT) from None


@served.advising
def read_bytes(root: Path, pin: Pin, record: Sidecar, *, offline: bool | None = None) -> Buffer:
    """The fixture's bytes, from the first place that has the right ones."""
    return _chain(
        root,
        pin,
        _File(what="bytes", path=pin.path, md5=pin.md5, size=pin.size),
        lambda found: check_bytes(pin, record, found),
        offline,
    )


@served.advising
def read_stored(root: Path, pin: Pin, record: Sidecar, *, offline: bool | None = None) -> Buffer:
    """The fixture's bytes from DVC's cache or the remote; the workspace is not looked at.

    For a pin of another revision, whose file the workspace's need not be.
    """
    return _chain(
        root,
        pin,
        _File(what="bytes", path=pin.path, md5=pin.md5, size=pin.size),
        lambda found: check_bytes(pin, record, found),
        offline,
        look=False,
    )


@served.advising
def read_workspace(root: Path, pin: Pin, record: Sidecar) -> Buffer:
    """The fixture's bytes from the workspace alone: tested, never healed."""
    data = workspace.read(root, pin.path)
    if data is None:
        raise _absent(pin, "bytes", pin.path, _or_built(root, pin, pull_command(pin)))
    check_bytes(pin, record, data)
    return data


def check_sidecar(pin: Pin, text: Buffer) -> None:
    """Raise a ChainError unless a sidecar's text is the pinned one."""
    found = md5(text)
    if found != pin.sidecar_md5:
        if md5(bytes(text).replace(b"\r\n", b"\n")) == pin.sidecar_md5 and not pin.imported:
            raise chain.SIDECAR.broken(
                pin.name,
                f"{pin.sidecar_path} with md5 {pin.sidecar_md5}, as {pin.pinned_by} pins it",
                f"the same text with the ends of lines of Windows: md5 {found}",
                f"put *_v[0-9]*.json text eol=lf into .gitattributes, remove the file, then "
                f"{pin.restore}",
            )
        raise chain.SIDECAR.broken(
            pin.name,
            f"{pin.sidecar_path} with md5 {pin.sidecar_md5}, as {pin.pinned_by} pins it",
            f"md5 {found}",
            pin.restore
            if pin.imported
            else f"{pin.restore}; or, if the change is meant, dvc repro and a new version",
        )


def check_bytes(pin: Pin, record: Sidecar, data: Buffer) -> None:
    """Raise a ChainError unless a fixture's bytes are those of its pin and its sidecar."""
    again = f"rm {pin.path}, then {pull_command(pin)}"
    if not pin.imported:
        again += f" or dvc repro fixture@{pin.name}"
    if len(data) != pin.size:
        raise chain.SIZE.broken(
            pin.name, f"{pin.path} of {pin.size} bytes", f"{len(data)} bytes", again
        )
    found = sha256(data)
    if found != record.sha256_checksum:
        raise chain.BYTES.broken(
            pin.name,
            f"{pin.path} with SHA-256 {record.sha256_checksum}",
            found,
            again,
        )


def pull_command(pin: Pin) -> str:
    """The command that fetches a fixture, and verifies it."""
    return f"fixtures pull {pin.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    """What is looked for along the chain."""

    what: str
    path: str
    md5: str
    size: int


def _chain(
    root: Path,
    pin: Pin,
    file: _File,
    test: Callable[[Buffer], None],
    offline: bool | None,
    *,
    look: bool = True,
) -> Buffer:
    """Bytes that pass the test, from workspace, cache or remote; bad ones do not stay behind."""
    failed: list[ChainError] = []
    missing: MissingError | None = None
    places: tuple[tuple[str, Callable[[], Buffer | None]], ...] = (
        ("workspace", lambda: workspace.read(root, file.path)),
        ("cache", lambda: cache.read(root, file.md5)),
        ("remote", lambda: _remote(root, pin, file, offline)),
    )
    for place, read in places if look else places[1:]:
        try:
            data = read()
            if data is None:
                continue
            test(data)
        except ChainError as error:
            failed.append(error)
            if place != "workspace":
                cache.discard(root, file.md5)
            continue
        except MissingError as error:
            missing = error
            continue
        if look and place != "workspace":
            _leave(root, pin, file, data)
        return data
    if failed:
        # the workspace's own error first: it is the one that the user can see and mend
        raise failed[0]
    reason = missing or _not_asked(root, pin)
    raise reason.but(
        subject=f"fixture {pin.name}: {file.what}",
        expected=f"{file.path} in the workspace, its object in DVC's cache, or on the remote",
        found=f"none in the workspace, none in the cache; {reason.found}",
        remedy=_or_built(root, pin, reason.remedy),
    )


def _not_asked(root: Path, pin: Pin) -> AbsentBytesError:
    own = served.record(root) is None
    return AbsentBytesError(
        f"fixture {pin.name}",
        expected="the remote to have it",
        found="the remote was not asked (offline)",
        remedy=pull_command(pin) if own else f"load it once without {OFFLINE}",
    )


def _or_built(root: Path, pin: Pin, remedy: str) -> str:
    """A remedy, or what else there is where the fixture was made."""
    elsewhere = pin.imported or served.record(root) is not None
    return remedy if elsewhere else f"{remedy}, or dvc repro fixture@{pin.name}"


def _remote(root: Path, pin: Pin, file: _File, offline: bool | None) -> Buffer | None:
    if is_offline(offline):
        return None
    from registry.storage import remote, transfer

    answers: list[Buffer | RegistryError] = []
    wanted = transfer.Wanted(
        md5=file.md5, size=file.size, target=pin.targets, imported=pin.imported
    )
    remote.fetch(root, [wanted], lambda _, found: answers.append(found))
    (answer,) = answers
    if isinstance(answer, RegistryError):
        raise answer
    return answer


def _leave(root: Path, pin: Pin, file: _File, data: Buffer) -> None:
    """Put verified bytes where bad ones are; where none are, only in a folder of a registry by URL.

    A workspace without the file stays so: whether it has it is for git and DVC to say.
    """
    healed = workspace.read(root, file.path) is not None
    if not healed and served.record(root) is None:
        return
    try:
        workspace.write(root, file.path, data, md5=file.md5)
    except (OSError, UsageError):
        # what cannot be written stays as it is; the caller has the good bytes all the same
        return
    if healed:
        warnings.warn(
            f"fixture {pin.name}: {file.path} was not what is pinned; verified bytes replaced it",
            HealedWarning,
            stacklevel=2,
        )


def _absent(
    pin: Pin, what: str, path: str, remedy: str, *, needs_clone: bool = False
) -> MissingError:
    file = Path(path)
    return MissingError(
        f"fixture {pin.name}: {what}",
        expected=f"a readable file {file.name} in {file.parent.name}",
        found="none",
        remedy=remedy,
        needs_clone=needs_clone,
    )
