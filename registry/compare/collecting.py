"""Collecting: which objects nobody wants any more.

Only what this repository's own history once pinned is looked at, and of that what is still wanted
stays. So a cache or a remote may have objects of others, and bytes that were never committed are
not touched. Wanted is, and there is no other definition of it,

- what any ``dvc.lock`` or ``.dvc`` file pins, in the work tree, in HEAD, and in each revision that
  is kept: with none named, in every branch, tag and other reference;
- what a version was published with that ``params.yaml`` does not retire, whoever still pins it;
- each file of a folder that is wanted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

from registry import digests, files
from registry.declare import FILE, deprecation
from registry.errors import AbsentBytesError, MissingError, RegistryError
from registry.identity import ledger, pinned, pins
from registry.identity.pinned import FOLDER, Out
from registry.identity.pins import Pin
from registry.storage import git, history, removal
from registry.storage.removal import Place

_ANYWHERE = (":(top,glob)**/dvc.lock", ":(top,glob)**/*.dvc")
_BELOW = (":(glob)**/dvc.lock", ":(glob)**/*.dvc")
_REMEDY = (
    "mend it, or remove the branch or tag; or name the revisions that count: fixtures gc --keep REV"
)
_Places = Sequence[Callable[[], Place]]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Unwanted:
    """An object that was pinned once: what it was, and why it is not kept.

    ``paths`` are those in the registry that had it. ``imported`` ones are kept by another
    repository: its remote is not ours to collect on. A sidecar of ours is in no cache.
    """

    md5: str
    what: str
    why: str
    paths: frozenset[str] = frozenset()
    imported: bool = False
    is_sidecar: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What nobody wants, and folders that are wanted whose lists of files are nowhere.

    Where there is such a folder, files of others that are not wanted stay: they may be in it.
    """

    unwanted: list[Unwanted]
    lost: list[str]


def find(root: Path, revisions: Sequence[str] = (), remote: str = "") -> Found:
    """Find objects that the history pinned and nobody wants.

    Parameters
    ----------
    root : path
        The registry's top folder, in a git repository.
    revisions : sequence of str
        Branches, tags or commits whose pins are kept, besides those of the work tree and of HEAD.
        Default: every reference.
    remote : str
        The remote that is asked for lists of folders that the cache has not. Default: DVC's.

    Raises
    ------
    UsageError
        There is no such revision, or commits or branches are not here.
    ChainError
        What is to be kept cannot be read.
    MissingError
        The remote cannot be asked for the list of a folder that is to be kept.
    """
    history.require_whole(root, branches=not revisions)
    if revisions:
        tips = [git.commit_id(root, revision) for revision in ("HEAD", *revisions)]
    else:
        tips = history.tips(root)
    kept, once = _Kept(root, tips), _Once(root)
    candidates = {md5 for md5 in once.outs if md5 not in kept.objects}
    candidates -= set(_published(root, candidates, once, kept))
    found = {md5: _described(md5, once, kept) for md5 in candidates}
    if not found:
        # then the lists of folders matter to nobody
        return Found(unwanted=[], lost=[])
    places: _Places = (
        partial(removal.in_cache, root),
        # opened once, and only where the cache lacks a list
        cache(partial(removal.on_remote, root, remote, writable=False)),
    )
    wanted = once.outs.keys() - candidates | kept.objects
    lost = []
    for folder in sorted(filter(_is_folder, wanted)):
        try:
            wanted |= set(removal.files_of(folder, places).values())
        except AbsentBytesError:
            lost.append(folder)
    for folder in sorted(filter(_is_folder, candidates)) if not lost else ():
        of = found[folder]
        # of one whose list is gone nobody knows the files, and they stay
        with suppress(MissingError):
            for path, md5 in removal.files_of(folder, places).items():
                inside = replace(of, md5=md5, what=f"{of.what}/{path}", paths=frozenset())
                found.setdefault(md5, inside)
    left = (each for md5, each in found.items() if md5 not in wanted)
    return Found(unwanted=sorted(left, key=lambda each: (each.what, each.md5)), lost=lost)


def _is_folder(md5: str) -> bool:
    return md5.endswith(FOLDER)


class _Kept:
    """What the work tree and some commits keep: objects, lines of ledgers; and what is retired."""

    def __init__(self, root: Path, tips: Iterable[str]) -> None:
        self.objects: set[str] = set()
        self.ledger = dict(ledger.read(root) or {})
        self.retired = deprecation.notices(root / FILE, "retired")
        for path in history.present(root, *_ANYWHERE):
            try:
                self._pins(files.read(root / path), path)
            except FileNotFoundError:
                # removed, and git knows of it still
                continue
        lines = f"{history.prefix(root)}{ledger.FILE}"
        # by what git calls a content: most commits have that of the one before
        named: dict[str, tuple[str, str]] = {}
        for commit in tips:
            at = history.blobs_at(
                root, commit, lambda path: path == lines or pinned.is_pin_file(path)
            )
            named.update({blob: (path, commit) for path, blob in at.items()})
        for (path, commit), data in _with_texts(root, named):
            where = f"{path} in commit {commit[:12]}"
            if path != lines:
                self._pins(data, where)
                continue
            for name, line in ledger.parse(data, subject=where).items():
                self.ledger.setdefault(name, line)

    def _pins(self, data: bytes, where: str) -> None:
        self.objects.update(pinned.parse(data, subject=where, remedy=_REMEDY).objects)


class _Once:
    """What any commit ever pinned, by md5: outputs, and the pins of fixtures and of sidecars.

    A file that cannot be read gives nothing up.
    """

    def __init__(self, root: Path) -> None:
        self.outs: dict[str, list[Out]] = {}
        self.pins: dict[str, list[Pin]] = {}
        lock = f"{history.prefix(root)}{pins.LOCK}"
        ever = history.blobs_ever(root, *_BELOW)
        named = {blob: path for path, blobs in ever.items() for blob in blobs if path != lock}
        named |= dict.fromkeys(ever.get(lock, ()), lock)
        for path, data in _with_texts(root, named):
            try:
                outs = pinned.parse(data, subject=path, remedy=_REMEDY).outs
                known = pins.parse(data) if path == lock else {}
            except RegistryError:
                continue
            for out in outs:
                self.outs.setdefault(out.md5, []).append(out)
            for pin in known.values():
                for md5 in (pin.md5, pin.sidecar_md5):
                    self.pins.setdefault(md5, []).append(pin)


def _with_texts(root: Path, named: Mapping[str, T]) -> Iterator[tuple[T, bytes]]:
    """What stands beside the id of each content, and the content."""
    return zip(named.values(), git.blobs(root, list(named)), strict=True)


def _published(root: Path, candidates: Iterable[str], once: _Once, kept: _Kept) -> Iterator[str]:
    """Of some objects, those that versions were published with which nobody has retired.

    A name may have been pinned with other bytes before it was published. Its sidecar says which
    are the published ones, and git has that; where it has not, none of them is given up.
    """
    lines = {name: line for name, line in kept.ledger.items() if name not in kept.retired}
    found = {
        md5: [pin for pin in once.pins.get(md5, ()) if pin.name in lines] for md5 in candidates
    }
    said = _said_by_sidecars(root, {pin.sidecar_path for each in found.values() for pin in each})
    for md5, each in found.items():
        if any(said.get(pin.sidecar_md5) in (None, lines[pin.name].bytes) for pin in each):
            yield md5


def _said_by_sidecars(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """SHA-256 of fixtures, by the md5 of each sidecar that was ever at some paths."""
    specs = [f":(literal){path}" for path in sorted(paths)]
    ever = history.blobs_ever(root, *specs) if specs else {}
    found = {}
    for text in git.blobs(root, sorted({blob for blobs in ever.values() for blob in blobs})):
        try:
            sha256 = json.loads(text)["sha256_checksum"]
        except (ValueError, LookupError, TypeError, RecursionError):
            continue
        if isinstance(sha256, str):
            found[digests.md5(text)] = sha256
    return found


def _described(md5: str, once: _Once, kept: _Kept) -> Unwanted:
    outs, known = once.outs[md5], once.pins.get(md5, ())
    # a sidecar goes by its path: the fixture's name is for its bytes
    whats = {pin.name if pin.md5 == md5 else pin.sidecar_path for pin in known}
    paths = {path for pin in known for path in (pin.path, pin.sidecar_path)}
    return Unwanted(
        md5=md5,
        what=", ".join(sorted(whats or {out.path for out in outs})),
        why="; ".join(sorted({_why(pin.name, kept) for pin in known})) or "pinned no more",
        paths=frozenset(paths & {out.path for out in outs}),
        imported=any(out.imported for out in outs),
        is_sidecar=bool(known) and all(pin.sidecar_md5 == md5 for pin in known),
    )


def _why(name: str, kept: _Kept) -> str:
    if name in kept.retired:
        return f"retired {kept.retired[name].get('since', '')}".strip()
    return "not what was published" if name in kept.ledger else "never published"
