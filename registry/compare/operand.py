"""One side of a comparison: a fixture of today, of another git revision, or any ``.npz`` file.

What is read here is left as it is: no file is healed, nothing is checked out.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry import files, loading
from registry.compare import published
from registry.digests import md5, sha256_file
from registry.errors import ChainError, MissingError, RegistryError, UsageError
from registry.identity import foreign_npz, npz, pins, sidecar
from registry.identity.pins import Pin
from registry.identity.sidecar import Sidecar
from registry.storage import git
from registry.storage.root import find_root, locate

if TYPE_CHECKING:
    import numpy as np

SUFFIX = ".npz"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Operand:
    """What is compared: arrays, the record of them where there is one, and the file's SHA-256.

    ``arrays`` is None where only the record is here. ``verified`` tells bytes that went through the
    chain from those of any file; ``note`` is what the reader of a comparison should know.
    ``schemas`` is the registry's folder of schemas, where there is one, for words of contracts.
    """

    label: str
    arrays: dict[str, np.ndarray] | None
    sha256: str
    sidecar: Sidecar | None
    verified: bool
    note: str = ""
    schemas: Path | None = None


def read(text: str, *, offline: bool | None = None) -> Operand:
    """Read what a person named.

    Parameters
    ----------
    text : str
        A path that ends with ``.npz``; ``REVISION:NAME``; or a fixture's address, such as its name.
    offline : bool, optional
        Never ask the remote. Default: whether ``$FIXTURES_OFFLINE`` is set.

    Raises
    ------
    UsageError
        No such revision, or no fixture of that name, then or now.
    MissingError
        No such file, or the fixture's bytes are nowhere to be had.
    ChainError, ArchiveError
        A link of the chain is broken, or the file is no ``.npz`` that can be read safely.
    """
    if text.endswith(SUFFIX):
        return of_file(Path(text), label=text)
    root = locate(None, offline=offline)
    # sha256:DIGEST and NAME@sha256:DIGEST are addresses, not revisions
    revision, colon, name = text.rpartition(":")
    if colon and not revision.endswith("sha256"):
        return _of_revision(find_root(), text, revision, name, offline)
    return _of_pin(root, text, loading.resolve(root, text, offline=offline), offline)


def of_file(path: Path, *, label: str) -> Operand:
    """Any ``.npz``, with the sidecar beside it if that is one of these very bytes."""
    if not path.is_file() and ":" in label:
        # as git names files; the fixture's name is asked for here
        _, _, inside = label.rpartition(":")
        raise UsageError(
            label,
            expected="a file, or REVISION:NAME with a fixture's name",
            found=f"a path after the revision: {inside}",
            remedy=f"{label.rpartition(':')[0]}:{Path(inside).stem}",
        )
    arrays = foreign_npz.read(path, subject=label)
    digest = sha256_file(path)
    record, note = None, "a file: nothing pins its bytes"
    beside = path.with_suffix(".json")
    try:
        found = sidecar.parse(files.read(beside), subject=str(beside))
        if found.sha256_checksum == digest:
            record = found
        else:
            note += f"; {beside.name} beside it is of other bytes and is left out"
    except (OSError, ChainError):
        note += "; no sidecar beside it"
    return Operand(
        label=label, arrays=arrays, sha256=digest, sidecar=record, verified=False, note=note
    )


def of_sidecar(root: Path, label: str, text: bytes, blob: str, path: str) -> Operand:
    """The fixture of a sidecar, wherever in the history it was pinned; the remote is not asked.

    Parameters
    ----------
    root : path
        The registry's top folder.
    label : str
        What to call it.
    text : bytes
        The sidecar.
    blob, path : str
        The id that git gives it (zeros where it has none yet), and its path in the registry.

    Raises
    ------
    ChainError
        The text is no sidecar, or the bytes are not those that it pins.
    """
    record = sidecar.parse(text, subject=label)

    def side(data: loading.Buffer | None, note: str) -> Operand:
        return Operand(
            label=label,
            arrays=None if data is None else npz.parse(data, subject=label),
            sha256=record.sha256_checksum,
            sidecar=record,
            verified=data is not None,
            note=note,
            schemas=root / "schemas",
        )

    digest = md5(text)
    for known in _locks(root, blob, path):
        pin = known.get(record.name)
        if pin is None or pin.sidecar_md5 != digest:
            continue
        try:
            return side(_anywhere(root, pin, record, offline=True), "")
        except MissingError:
            return side(None, "its bytes are not here: fixtures diff asks the remote")
    return side(None, "no dvc.lock that is known here pins this sidecar")


def _locks(root: Path, blob: str, path: str) -> list[dict[str, Pin]]:
    """Pins of today, of the last commit, and of the commits that know the sidecar."""
    found = []
    # in the middle of a merge the lock may be none; the commits have theirs
    with suppress(RegistryError):
        found.append(pins.read(root))
    commits = ["HEAD"]
    if blob.strip("0"):
        commits += git.commits_with_blob(root, blob, path)
    for commit in dict.fromkeys(commits):
        with suppress(RegistryError):
            found.append(published.pins_at(root, commit))
    return found


def _of_pin(root: Path, label: str, pin: Pin, offline: bool | None) -> Operand:
    record = loading.read_sidecar(root, pin, offline=offline)
    note = ""
    try:
        data = loading.read_workspace(root, pin, record)
    except MissingError:
        data = loading.read_stored(root, pin, record, offline=offline)
    except ChainError as error:
        try:
            data = loading.read_stored(root, pin, record, offline=offline)
        except MissingError:
            # the one that can be seen and mended
            raise error from None
        note = (
            f"{pin.path} is not what dvc.lock pins; compared are the pinned bytes, from elsewhere"
        )
    return Operand(
        label=label,
        arrays=npz.parse(data, subject=f"fixture {pin.name}"),
        sha256=record.sha256_checksum,
        sidecar=record,
        verified=True,
        note=note,
        schemas=root / "schemas",
    )


def _of_revision(root: Path, label: str, revision: str, name: str, offline: bool | None) -> Operand:
    if not (revision and name):
        raise UsageError(
            label,
            expected="REVISION:NAME, such as HEAD~1:minimal_dataset_v1",
            found=f"revision {revision!r}, name {name!r}",
            remedy="name a branch, tag or commit before the colon, and a fixture after it",
        )
    commit = git.commit_id(root, revision)
    known = published.pins_at(root, commit)
    if name not in known:
        raise UsageError(
            f"fixture {name} at {revision}",
            expected=f"a fixture that dvc.lock pinned in commit {commit[:12]}",
            found=f"no such name among {', '.join(known) or 'none'}",
            remedy="git log --oneline -- dvc.lock lists the commits that changed pins",
        )
    pin = known[name]
    text = git.read_file(root, commit, pin.sidecar_path)
    subject = f"fixture {name} at {revision} (commit {commit[:12]})"
    if text is None:
        raise MissingError(
            subject,
            expected=f"its sidecar {pin.sidecar_path} in that commit",
            found="no such file",
            remedy="name a commit in which lock and sidecar were committed together",
        )
    try:
        loading.check_sidecar(pin, text)
        record = sidecar.parse(text, subject=subject)
        data = _anywhere(root, pin, record, offline)
    except RegistryError as error:
        if isinstance(error, MissingError):
            remedy = "dvc fetch --all-commits brings what the remote has of every commit"
        else:
            remedy = "that commit breaks its own chain: name another one"
        raise error.but(subject=f"{subject}: {error.subject}", remedy=remedy) from None
    return Operand(
        label=label,
        arrays=npz.parse(data, subject=subject),
        sha256=record.sha256_checksum,
        sidecar=record,
        verified=True,
        note=f"{name} as of commit {commit[:12]}",
        schemas=root / "schemas",
    )


def _anywhere(root: Path, pin: Pin, record: Sidecar, offline: bool | None) -> loading.Buffer:
    """Bytes of a pin of any revision; the workspace's file counts where it happens to be that."""
    try:
        return loading.read_workspace(root, pin, record)
    except (ChainError, MissingError):
        return loading.read_stored(root, pin, record, offline=offline)
