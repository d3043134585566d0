"""What is built of the package has the files that a registry is laid out with."""

from __future__ import annotations

import tarfile
import zipfile

import pytest

from tests.kit import installed
from tests.kit.repository import REPOSITORY, files

pytestmark = pytest.mark.slow

LAID_OUT = "registry/init/laid_out/"


def test_a_wheel_of_the_sdist(tmp_path, monkeypatch):
    """It is the wheel of the working tree, and each of these files is the tree's own."""
    wheel, sdist = installed.wheel(tmp_path), installed.sdist(tmp_path)
    with tarfile.open(sdist) as archive:
        # an attribute, since the argument came with Python 3.11.4
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tmp_path)
    monkeypatch.setattr(installed, "REPOSITORY", tmp_path / sdist.name.removesuffix(".tar.gz"))
    assert wheel.read_bytes() == installed.wheel(tmp_path / "again").read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        laid_out = {
            name.removeprefix(LAID_OUT): archive.read(name)
            for name in archive.namelist()
            if name.startswith(LAID_OUT)
        }
    ours = {path.as_posix(): (REPOSITORY / path).read_bytes() for path in files()}
    assert {name for name in ours if name.startswith(("generators/", "schemas/"))} < set(laid_out)
    assert laid_out == {name: ours[name] for name in laid_out}
