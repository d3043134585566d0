"""From a name to verified arrays: lock, sidecar, bytes, each link held against the one before.

``dvc.lock`` pins the sidecar's md5 and the fixture's size; the sidecar pins the fixture's SHA-256.
Arrays are views of the very bytes that were hashed.
"""

from __future__ import annotations

import os
from pathlib import Path

from registry import pins, sidecar
from registry.errors import ChainError, MissingError, UsageError
from registry.fixture import Fixture
from registry.hashing import md5, sha256
from registry.pins import Pin
from registry.sidecar import Sidecar

ROOT_VARIABLE = "FIXTURE_REGISTRY"


def find_root(start: Path | None = None) -> Path:
    """Top folder of the registry.

    ``$FIXTURE_REGISTRY``, else the nearest folder at or above ``start`` (default: the working
    directory) with a ``dvc.lock`` or ``dvc.yaml``.

    Raises
    ------
    UsageError
        There is none.
    """
    named = os.environ.get(ROOT_VARIABLE)
    if named and start is None:
        root = Path(named)
        if (root / pins.LOCK).is_file() or (root / "dvc.yaml").is_file():
            return root.absolute()
        found = f"no dvc.lock in {named}, which ${ROOT_VARIABLE} names"
    else:
        here = (start or Path.cwd()).absolute()
        for folder in (here, *here.parents):
            if (folder / pins.LOCK).is_file() or (folder / "dvc.yaml").is_file():
                return folder
        found = f"no dvc.lock in {here} or above it"
    raise UsageError(
        "registry",
        expected="a folder with a dvc.lock",
        found=found,
        remedy=f"run the command inside the registry's clone, or set {ROOT_VARIABLE} to its path",
    )


def load(name: str, root: Path | None = None) -> Fixture:
    """Verified, read-only arrays of a fixture.

    Parameters
    ----------
    name : str
        As in ``params.yaml``.
    root : path, optional
        The registry's top folder; found from the working directory where not given.

    Raises
    ------
    UsageError
        No registry, or no fixture of that name.
    MissingError
        The fixture is pinned, but its bytes or its sidecar are not here.
    ChainError
        A link of the chain is broken; the message says which.
    ArchiveError
        The bytes are the pinned ones and yet no canonical ``.npz``.
    """
    from registry import npz

    root = find_root() if root is None else Path(root)
    pin = pins.find(root, name)
    record = read_sidecar(root, pin)
    data = read_bytes(root, pin, record)
    return Fixture(
        name=name,
        arrays=npz.parse(data, subject=f"fixture {name}"),
        sidecar=record,
        path=root / pin.path,
    )


def read_sidecar(root: Path, pin: Pin) -> Sidecar:
    """The sidecar, held against the lock."""
    text = _read(root / pin.sidecar_path, pin, "sidecar", f"git checkout -- {pin.sidecar_path}")
    found = md5(text)
    if found != pin.sidecar_md5:
        raise broken(
            pin,
            "lock -> sidecar",
            f"{pin.sidecar_path} with md5 {pin.sidecar_md5}, as dvc.lock pins it",
            f"md5 {found}",
            f"git checkout -- dvc.lock {pin.sidecar_path}; or, if the change is meant, "
            "dvc repro and a new version",
        )
    record = sidecar.parse(text, subject=f"fixture {pin.name}")
    if record.name != pin.name:
        raise broken(
            pin, "sidecar -> name", f"a sidecar of {pin.name}", f"one of {record.name}",
            f"git checkout -- dvc.lock {pin.sidecar_path}",
        )  # fmt: skip
    return record


def read_bytes(root: Path, pin: Pin, record: Sidecar) -> bytes:
    """The fixture's bytes, held against lock and sidecar."""
    data = _read(root / pin.path, pin, "bytes", f"dvc pull fixture@{pin.name}, or make fixtures")
    again = f"rm {pin.path}, then dvc pull fixture@{pin.name} or dvc repro fixture@{pin.name}"
    if len(data) != pin.size:
        raise broken(
            pin, "lock -> size", f"{pin.path} of {pin.size} bytes", f"{len(data)} bytes", again
        )
    found = sha256(data)
    if found != record.sha256_checksum:
        raise broken(
            pin,
            "sidecar -> bytes",
            f"{pin.path} with SHA-256 {record.sha256_checksum}",
            found,
            again,
        )
    return data


def broken(pin: Pin, link: str, expected: str, found: str, remedy: str) -> ChainError:
    """An error that names the link of the chain that broke."""
    return ChainError(
        f"fixture {pin.name}: broken link {link}", expected=expected, found=found, remedy=remedy
    )


def _read(path: Path, pin: Pin, what: str, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise MissingError(
            f"fixture {pin.name}: {what}",
            expected=f"a file {path.name} in {path.parent.name}",
            found="no such file",
            remedy=remedy,
        ) from None
    except OSError as error:
        raise MissingError(
            f"fixture {pin.name}: {what}",
            expected=f"a readable file {path.name} in {path.parent.name}",
            found=f"{type(error).__name__}: {error.strerror}",
            remedy=remedy,
        ) from None
