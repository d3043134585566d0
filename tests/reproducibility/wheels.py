"""Other versions of numpy, each in a folder of its own that goes first in ``PYTHONPATH``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from registry.errors import MissingError

CONSTRAINTS = Path(__file__).resolve().parents[2] / "constraints.txt"
# By which wheels for Linux say how old a C library they run on.
_PLATFORMS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")


@dataclass(frozen=True, kw_only=True, slots=True)
class Python:
    """A Python other than this one, on another machine."""

    version: str
    machine: str

    @property
    def options(self) -> list[str]:
        """By which pip gets wheels for it."""
        platforms = [f"--platform={name}_{self.machine}" for name in _PLATFORMS]
        return [*platforms, f"--python-version={self.version}", "--implementation=cp"]

    @property
    def tag(self) -> str:
        """As names of folders have it."""
        return f"cpython-{self.version.replace('.', '')}-{self.machine}"


def newest_numpy() -> str:
    """Newest release with a wheel for this Python, as the package index has it today."""
    output = _pip("--no-deps", "--dry-run", "--ignore-installed", "--report", "-", "numpy")
    version: str = json.loads(output)["install"][0]["metadata"]["version"]
    return version


def numpy_folder(scratch: Path, version: str, python: Python | None = None) -> Path:
    """Where a version of numpy is kept between runs, for this Python or another one."""
    tag = python.tag if python else sys.implementation.cache_tag
    return scratch / f"numpy-{version}-{tag}"


def install_numpy(scratch: Path, version: str, python: Python | None = None) -> None:
    """Put a version of numpy in its folder, unless it is there.

    Raises
    ------
    MissingError
        The package index is out of reach, or has no such wheel.
    """
    install(numpy_folder(scratch, version, python), [f"numpy=={version}"], python)


def install(
    folder: Path, requirements: list[str], python: Python | None = None, *, pinned: bool = False
) -> None:
    """Put wheels in a folder, unless it is there; with what they depend on, where it is pinned.

    Raises
    ------
    MissingError
        The package index is out of reach, or has no such wheel.
    """
    if folder.is_dir():
        return
    # renamed when complete: an interrupted run leaves nothing that passes for a numpy
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    options = ["--constraint", str(CONSTRAINTS)] if pinned else ["--no-deps"]
    _pip("--target", str(part), *options, *(python.options if python else []), *requirements)
    part.rename(folder)


def _pip(*arguments: str) -> bytes:
    """Output of ``pip install``: wheels only."""
    # a constraint is for the environment, and would forbid every other version
    variables = {
        key: value
        for key, value in os.environ.items()
        if key not in ("PIP_CONSTRAINT", "PYTHONPATH")
    }
    options = ["--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    ran = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, *arguments],
        env=variables,
        capture_output=True,
        check=False,
    )
    if ran.returncode:
        raise MissingError(
            arguments[-1],
            expected="a wheel from the package index",
            found=ran.stderr.decode(errors="replace").strip()[-500:],
            remedy="check the network and pip's index, or choose configurations with --only",
        )
    return ran.stdout
