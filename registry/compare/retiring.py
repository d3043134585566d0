"""Retiring: a version's pin is taken away, which DVC itself never does."""

from __future__ import annotations

from pathlib import Path

from registry import files, read_only
from registry.compare import lock_merge
from registry.declare import declaration
from registry.errors import UsageError
from registry.identity import certificate, pins
from registry.identity.pins import Pin
from registry.storage import workspace


def unpin(root: Path, name: str) -> Pin:
    """Take a retired version's stage out of the lock, and its files out of the workspace.

    Its certificate is one of these. Its line in the ledger stays, and so do its bytes in DVC's
    cache and on the remote.

    Raises
    ------
    UsageError
        It is not pinned here, or ``params.yaml`` does not retire it, or still declares it.
    ChainError
        The lock is not as DVC writes it.
    """
    pin = pins.find(root, name)
    declared = declaration.read(root)
    found = "an imported one" if pin.imported else None
    if found is None and (declared is None or name not in declared.retired):
        found = "no such entry"
    if found is None and declared is not None and name in declared.fixtures:
        found = "its entry in fixtures, too"
    if found is not None:
        raise UsageError(
            f"fixture {name}",
            expected="a version that params.yaml retires, and declares no more",
            found=found,
            remedy="see docs/life-of-a-version.md",
        )
    lock = root / pins.LOCK
    files.write_atomic(lock, lock_merge.without(files.read(lock), f"{pins.STAGE}{name}"))
    for path in (pin.path, pin.sidecar_path, certificate.path(name)):
        read_only.remove(workspace.inside(root, path), missing_ok=True)
    return pin
