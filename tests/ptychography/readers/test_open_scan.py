"""Tests of `registry.ptychography.readers` as a whole."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from registry.errors import UsageError
from registry.ptychography.readers import open_scan
from registry.storage.distant import Distant
from tests.kit.repository import REPOSITORY


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"format": "tiff"}, "a format of npz, cxi, ptyd, ptychodus"),
        ({"format": "npz", "layout": "hwn"}, "a layout of canonical, legacy"),
        ({"format": "ptyd", "layout": "legacy"}, "a layout for format ptyd of canonical"),
        ({"format": "npz", "keys": {"probe": "p"}}, "a key of diffraction, objectGuess,"),
        ({"format": "npz", "keys": {"dark": "d[-1]"}}, "NAME or NAME[...]"),
    ],
)
def test_a_wrong_declaration(options, expected, tmp_path):
    """A declaration that is wrong by itself is told before the file is looked at."""
    with pytest.raises(UsageError) as error, open_scan(tmp_path / "a", subject="s", **options):
        pass
    assert error.value.expected.startswith(expected), "what is allowed is not said"


def test_a_format_that_is_read_whole():
    """A .npz is not read in ranges."""
    file = Distant(url="https://host/scan.npz", etag="a1", size=5)
    with pytest.raises(UsageError) as caught, open_scan(file, format="npz", subject="s"):
        pass
    assert caught.value.expected == (
        "a format of a file that is read in ranges of cxi, ptyd, ptychodus"
    )


def test_errors_of_the_caller_stay_what_they_are(tmp_path, small):
    """An error in the body of the context is not taken for one of the file."""
    np.savez(tmp_path / "a.npz", **small.canonical())
    with (
        pytest.raises(OSError, match="mine"),
        open_scan(tmp_path / "a.npz", format="npz", subject="source s"),
    ):
        raise OSError("mine")


def test_readers_bring_no_heavy_imports():
    """Importing the readers brings neither h5py nor requests."""
    code = (
        "import sys, registry.ptychography.readers.cxi, registry.storage.download,"
        " registry.ptychography.readers.ptyd\n"
        "heavy = {'h5py', 'requests', 'dvc', 'torch', 'rich', 's3fs', 'fsspec'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n", "something heavy was imported"
