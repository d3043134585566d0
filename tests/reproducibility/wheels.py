"""Other versions of numpy, each in a folder of its own that goes first in ``PYTHONPATH``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from registry.errors import MissingError


def newest_numpy() -> str:
    """Newest release with a wheel for this Python, as the package index has it today."""
    output = _pip("--dry-run", "--ignore-installed", "--report", "-", "numpy")
    version: str = json.loads(output)["install"][0]["metadata"]["version"]
    return version


def numpy_folder(scratch: Path, version: str) -> Path:
    """Where a version of numpy is kept between runs, for this Python."""
    return scratch / f"numpy-{version}-{sys.implementation.cache_tag}"


def install_numpy(scratch: Path, version: str) -> None:
    """Put a version of numpy in its folder, unless it is there.

    Raises
    ------
    MissingError
        The package index is out of reach, or has no such wheel.
    """
    folder = numpy_folder(scratch, version)
    if folder.is_dir():
        return
    # renamed when complete: an interrupted run leaves nothing that passes for a numpy
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    _pip("--target", str(part), f"numpy=={version}")
    part.rename(folder)


def _pip(*arguments: str) -> bytes:
    """Output of ``pip install``: wheels only, without what they depend on."""
    # a constraint is for the environment, and would forbid every other version
    variables = {
        key: value
        for key, value in os.environ.items()
        if key not in ("PIP_CONSTRAINT", "PYTHONPATH")
    }
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
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
