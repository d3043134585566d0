"""Copies of unwanted objects: where they lie, and how they are taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from registry import digests, files, read_only
from registry.compare.collecting import Unwanted
from registry.errors import RegistryError
from registry.storage import history, workspace
from registry.storage.removal import Place

WORKSPACE = "workspace"


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """An unwanted object, the name of the place where it lies, and its size there.

    ``path`` is that of a file in the workspace, and empty elsewhere.
    """

    place: str
    of: Unwanted
    size: int
    path: str = ""


def find(
    root: Path, unwanted: Sequence[Unwanted], places: Sequence[Place], *, in_workspace: bool
) -> list[Copy]:
    """Copies in the workspace, and in cache and remotes.

    Raises
    ------
    RegistryError
        A place cannot be asked.
    """
    found = _in_workspace(root, unwanted) if in_workspace else []
    for place in places:
        # what was imported is on another repository's remote, even where that is the same one
        asked = [
            each
            for each in unwanted
            if not (each.is_sidecar or (place.is_remote and each.imported))
        ]
        sizes = place.sizes(each.md5 for each in asked)
        here = [each for each in asked if each.md5 in sizes]
        found += [Copy(place=place.name, of=each, size=sizes[each.md5]) for each in here]
    return found


def _in_workspace(root: Path, unwanted: Sequence[Unwanted]) -> list[Copy]:
    """Copies that were left at a path which once had them.

    What git tracks is git's, and other bytes at the same path may be nowhere else.
    """
    known = {(path, each.md5): each for each in unwanted for path in each.paths}
    tracked = set(history.present(root, tracked=True)) if known else set()
    copies = []
    for path in sorted({path for path, _ in known} - tracked):
        try:
            data = files.read(workspace.inside(root, path), follow=False)
        except (OSError, RegistryError):
            continue
        found = known.get((path, digests.md5(data)))
        if found is not None:
            copies.append(Copy(place=WORKSPACE, of=found, size=len(data), path=path))
    return copies


def remove(root: Path, copies: Sequence[Copy], places: Sequence[Place]) -> None:
    """Take away copies that `find` has found.

    Raises
    ------
    RegistryError
        A place does not let them be removed. A second run goes on where this one stopped.
    """
    for copy in copies:
        if copy.path:
            read_only.remove(workspace.inside(root, copy.path), missing_ok=True)
    for place in places:
        place.remove([copy.of.md5 for copy in copies if copy.place == place.name])
