"""What takes long and is only looked at: made once for all workers of a run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def once(
    tmp_path_factory: pytest.TempPathFactory,
    config: pytest.Config,
    name: str,
    make: Callable[[Path], object],
) -> Path:
    """A folder that `make` has filled, in whichever worker asked first; nobody may change it."""
    base = tmp_path_factory.getbasetemp()
    # each worker has a folder of its own in that of all
    folder = (base.parent if hasattr(config, "workerinput") else base) / name
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "made").exists():
            # half of it, of a worker that was ended
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "made").touch()
    return folder
