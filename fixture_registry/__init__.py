"""What starts the package from outside: the command ``fixtures``, and the plugin of pytest.

A repository may have a module ``registry`` of its own, and Python takes whichever comes first on
its path. So what Python is told to start is in here, under a name that nobody else has: it looks
first whose `registry` would be imported, and imports none that a test of somebody else's may mean.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

# A module of ours by which the package is known, wherever it lies: a clone has its own.
_KNOWN_BY = "pytest_session.py"


def shadow(folder: Path | None = None) -> str | None:
    """What `import registry` finds in place of this package; None where it finds this.

    Parameters
    ----------
    folder : path, optional
        Look in this folder alone, as ``python -m registry...`` in it does first. Default: what this
        process has imported by that name, or would.
    """
    if folder is not None:
        return _foreign(PathFinder.find_spec("registry", [os.fspath(folder)]))
    try:
        return _foreign(importlib.util.find_spec("registry"))
    except ValueError:
        # made by a program, and by none of ours
        return repr(sys.modules["registry"])


def _foreign(spec: ModuleSpec | None) -> str | None:
    # a folder of that name without an __init__.py is imported only where there is nothing else
    if spec is None or spec.loader is None or spec.origin is None:
        return None
    folders = spec.submodule_search_locations or ()
    if any(Path(each, _KNOWN_BY).is_file() for each in folders):
        return None
    return spec.origin if spec.origin.isprintable() else ascii(spec.origin)


def parts(found: str) -> Mapping[str, str]:
    """Three of the four parts of the error on what `shadow` found: all but the subject."""
    return {
        "expected": "`import registry` to find the package that fixture-registry installs",
        "found": f"{found}, which comes first under that name",
        "remedy": "run it in the registry's own folder, where that is one below; or rename that "
        "file",
    }


def message(subject: str, found: str) -> str:
    """The error in words, as `registry.errors` has them: where it is said, nobody has that."""
    said = parts(found)
    return (
        f"{subject}\n"
        f"  expected: {said['expected']}\n"
        f"  found:    {said['found']}\n"
        f"  to mend:  {said['remedy']}"
    )
