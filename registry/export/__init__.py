"""What is published of fixtures, as documents that the field's tools read.

The sidecars say all that is needed; each is held against its pin before a word of it is exported.
The same pins give the same bytes: no clock, no machine, no path outside the registry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from registry import loading
from registry.declare import deprecation, retirement
from registry.declare.deprecation import Deprecation
from registry.digests import sha256
from registry.identity import certificate, chain, pins, sidecar
from registry.identity.certificate import Witness
from registry.identity.pins import Pin
from registry.identity.sidecar import Sidecar


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A fixture as it is published: pin, verified sidecar, and that sidecar's SHA-256.

    ``schemas`` is the registry's folder of schemas, for the words of contracts. ``certificate`` has
    the machines on which it came out the same, as far as somebody said so.
    """

    pin: Pin
    record: Sidecar
    sidecar_sha256: str
    deprecated: Deprecation | None
    schemas: Path
    certificate: list[Witness]

    @property
    def file(self) -> str:
        """Name of the fixture's file, without a folder."""
        return PurePosixPath(self.pin.path).name

    @property
    def sidecar_file(self) -> str:
        """Name of the sidecar's file, without a folder."""
        return PurePosixPath(self.pin.sidecar_path).name

    @property
    def source(self) -> str:
        """The source's name, as in ``params.yaml``."""
        return PurePosixPath(self.record.source_dataset).stem


def read(root: Path, names: Iterable[str]) -> list[Published]:
    """Verified sidecars of the named fixtures, or of all that are pinned, sorted by name.

    Raises
    ------
    UsageError
        No fixture of that name is pinned.
    MissingError
        A sidecar is nowhere to be had.
    ChainError
        A sidecar is not the pinned one, or not of the pinned file.
    """
    wanted = {name: retirement.find_pin(root, name) for name in names} or pins.read(root)
    return [_read(root, pin) for _, pin in sorted(wanted.items())]


def _read(root: Path, pin: Pin) -> Published:
    record = loading.read_sidecar(root, pin)
    if record.size != pin.size:
        raise chain.SIZES.broken(
            pin.name,
            f"a sidecar of {pin.path} with {pin.size} bytes, as dvc.lock pins it",
            f"one of {record.size} bytes",
            f"git checkout -- dvc.lock {pin.sidecar_path}",
        )
    # The text that was verified is not handed on; written anew, it has to be the same.
    text = sidecar.encode(record)
    loading.check_sidecar(pin, text)
    return Published(
        pin=pin,
        record=record,
        sidecar_sha256=sha256(text),
        deprecated=deprecation.of(root, pin),
        schemas=root / "schemas",
        certificate=certificate.held(root, record),
    )
