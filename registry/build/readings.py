"""What texts of modules were found to say, kept between runs: their imports, and what they do.

To take a hundred modules apart takes longer than all else that the stage before all others does.
Whoever could forge what is kept could have a changed module pass for the old one, and nothing
would be built. So it is in the user's cache, which is the user's alone, and never in a folder that
came, or may have come, with a clone; a reading is looked up by the text that it is of and by the
program that made it; and what is damaged is not used.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from registry import files
from registry.build import closure
from registry.digests import sha256
from registry.errors import RegistryError
from registry.storage import user_cache

# More than all modules of a few registries and branches have.
_MOST = 1000
# What makes a folder a clone, or a worktree.
_CLONE = (".git", ".dvc")


class Readings:
    """Answers of `registry.build.closure`, each computed once for a text.

    Parameters
    ----------
    path : path or None
        The file they are kept in; None keeps none.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        programs = (Path(module) for module in (closure.__file__, __file__))
        self._made_by = sha256(b"".join(map(files.read, programs)))
        self._before = {} if path is None else _read(path, self._made_by)
        self._used: dict[str, Any] = {}

    def imports(self, path: Path, module: str) -> frozenset[str] | None:
        """As `registry.build.closure.imports`."""

        def computed() -> list[str] | None:
            found = closure.imports(path, module)
            return None if found is None else sorted(found)

        said = self._said(f"imports of {module}, {path.name}", path, computed)
        return None if said is None else frozenset(said)

    def behaviour(self, path: Path) -> str:
        """As `registry.build.closure.behaviour`."""
        return str(self._said("behaviour", path, lambda: closure.behaviour(path)))

    def _said(self, what: str, path: Path, compute: Callable[[], Any]) -> Any:
        key = sha256(f"{what}\0".encode() + files.read(path))
        if key not in self._used:
            self._used[key] = self._before[key] if key in self._before else compute()
        return self._used[key]

    def keep(self) -> None:
        """Write what is new; what cannot be written is computed again another time."""
        if self._path is None or self._used.keys() <= self._before.keys():
            return
        kept = list({**self._used, **self._before}.items())[:_MOST]
        said = json.dumps({"made_by": self._made_by, "readings": dict(kept)})
        with suppress(OSError, RegistryError):
            user_cache.private(self._path.parent, "readings of modules")
            files.write_atomic(self._path, f"{sha256(said.encode())}\n{said}".encode())


def of_user() -> Readings:
    """Those in the user's cache; none where there is no such folder, or one inside of a clone."""
    path = None
    with suppress(OSError, RegistryError):
        folder = user_cache.top() / "build" / "readings"
        resolved = folder.resolve()
        if not any((above / name).exists() for above in resolved.parents for name in _CLONE):
            path = user_cache.private(resolved, "readings") / f"{sys.implementation.cache_tag}.json"
    return Readings(path)


def _read(path: Path, made_by: str) -> dict[str, Any]:
    """What is kept in a file; nothing where it is another program's, or damaged."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        digest, _, said = files.read(path, follow=False).partition(b"\n")
        if sha256(said) == digest.decode():
            kept = json.loads(said)
            if kept["made_by"] == made_by:
                return dict(kept["readings"])
    return {}
