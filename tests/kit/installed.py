"""An environment of Python that gets this package's wheel, and else has what that declares.

What is installed here already is linked to, so that nothing is asked of an index.
"""

from __future__ import annotations

import os
import tomllib
import venv
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from tests.kit.repository import REPOSITORY
from tests.kit.servers import absent

# What a consumer has besides, and what builds the package where it is installed from git.
TOOLS = ("pip", "pytest", "pytest-xdist", "hatchling")
PROGRAMS = ("dvc", "pip", "pytest")
# pip asks no index, builds with what is there, and installs what is there already once more.
PIP = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_FORCE_REINSTALL": "1",
    # pip takes these two for the values of `build isolation` and `compile`; what is imported Python
    # compiles
    "PIP_NO_BUILD_ISOLATION": "0",
    "PIP_NO_COMPILE": "0",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
}


def wheel(folder: Path) -> Path:
    """Build the working tree's wheel into a folder; its path."""
    return _build("wheel", folder)


def sdist(folder: Path) -> Path:
    """Build the working tree's source distribution into a folder; its path."""
    return _build("sdist", folder)


def _build(kind: str, folder: Path) -> Path:
    try:
        from hatchling.builders.sdist import SdistBuilder
        from hatchling.builders.wheel import WheelBuilder
    except ModuleNotFoundError:
        absent("hatchling", "pip install hatchling")
    builder = {"wheel": WheelBuilder, "sdist": SdistBuilder}[kind]
    (built,) = builder(os.fspath(REPOSITORY)).build(directory=os.fspath(folder))
    return Path(built)


def environment(folder: Path, *extras: str) -> None:
    """Make an environment without the package, into which it can be installed with these extras."""
    venv.create(folder, symlinks=True)
    programs = folder / "bin"
    (site,) = folder.glob("lib/python*/site-packages")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [each for extra in extras for each in project["optional-dependencies"][extra]]
    for distribution in _needed([*project["dependencies"], *wanted, *TOOLS]):
        for name in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            if not (site / name).is_symlink():
                (site / name).symlink_to(Path(distribution.locate_file(name)))
    for point in metadata.entry_points(group="console_scripts"):
        if point.name in PROGRAMS:
            code = f"from {point.module} import {point.attr}; raise SystemExit({point.attr}())"
            # not a first line that names Python, whose folder may have spaces
            text = f'#!/bin/sh\nexec "$(dirname "$0")/python" -P -c "{code}" "$@"\n'
            (programs / point.name).write_text(text)
            (programs / point.name).chmod(0o755)


def _needed(requirements: Iterable[str]) -> list[metadata.Distribution]:
    """What is installed here of these requirements, and of theirs, but for the package itself."""
    found = {}
    todo = [Requirement(text) for text in requirements]
    while todo:
        asked = todo.pop()
        key = (asked.name, *sorted(asked.extras))
        if key not in found:
            try:
                found[key] = metadata.distribution(asked.name)
            except metadata.PackageNotFoundError:
                absent(asked.name, f"pip install {asked.name}")
            extras = asked.extras or {""}
            todo += (
                each
                for each in map(Requirement, found[key].requires or ())
                if each.marker is None or any(each.marker.evaluate({"extra": e}) for e in extras)
            )
    # a link to it would let pip remove what is behind the link
    own = {key for key in found if key[0] == "fixture-registry"}
    return [found[key] for key in found.keys() - own]
