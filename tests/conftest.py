"""What tests of several packages share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

# A shell's background job, such as CI may be, ignores Ctrl-C, and so would every process that a
# test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).parents[1]
RECONSTRUCTION = "Run1084_recon3_postPC.npz"


@pytest.fixture(scope="session")
def schemas():
    """Folder of the published schemas."""
    return REPOSITORY / "schemas"


@pytest.fixture(scope="session")
def reconstruction():
    """Arrays of the real Run1084 reconstruction; the test is skipped where the file is absent.

    The file is nobody's to pass on: it lies in the folder named by PTYCHO_REAL_DATA, or in
    ../shared/data beside the repository.
    """
    folder = Path(os.environ.get("PTYCHO_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    path = folder / RECONSTRUCTION
    if not path.is_file():
        pytest.skip(f"{RECONSTRUCTION} is not here: name its folder in PTYCHO_REAL_DATA")
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
