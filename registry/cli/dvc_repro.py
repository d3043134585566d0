"""Running ``dvc repro`` from a command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from registry import extras
from registry.cli import shadowed
from registry.storage import git


def repro(root: Path, *arguments: str) -> int:
    """Run ``dvc repro`` in the registry, whose output is the command's; its exit code.

    Raises
    ------
    MissingError
        The extra ``build`` is not installed.
    UsageError
        A file there is what its stages would run in place of this package.
    """
    extras.require("build", "dvc repro", "dvc", expected="DVC, which runs the stages")
    shadowed.refuse(root, "dvc repro")
    # stages are run as `python -m registry...`: that has to be this environment's
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    sys.stdout.flush()
    return subprocess.run(
        [sys.executable, "-P", "-m", "dvc", "repro", *arguments],
        cwd=root,
        env={**git.own_environment(), "PATH": path},
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode
