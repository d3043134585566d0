"""What a reader says to mend a file reaches the user of each command that reads one."""

from __future__ import annotations

import numpy as np
import pytest

from registry.build.scratch import Scratch
from registry.errors import CheckError, MissingError

CUT = ("--strategy", "evenly_spaced", "--n-subset", "32")
PLUGIN = "pip install hdf5plugin, or repack the file: h5repack -f GZIP=4 IN OUT"
OF_AN_ENTRY = "correct the file, or its declaration: params.yaml sources.scan"


@pytest.fixture
def fails(monkeypatch):
    """Have builds end with an error of this kind and remedy."""

    def fails(kind, remedy):
        def build(self, *_, **__):
            raise kind("source s", expected="e", found="f", remedy=remedy)

        monkeypatch.setattr(Scratch, "build", build)

    return fails


@pytest.fixture
def file(buildable, scan):
    """A sound scan as a file in the registry's private folder."""
    path = buildable / "private" / "scan.npz"
    np.savez(path, **scan)
    return str(path)


def commands(source, *flags):
    """Arguments of add and suggest for a source, and what they say at the end."""
    yield ("add", "new_v1", "--from", source, *CUT, *flags), "; params.yaml is as it was\n"
    yield ("suggest", source), "\n"


@pytest.mark.parametrize("kind", [CheckError, MissingError])
@pytest.mark.parametrize(
    ("said", "remedy"), [(PLUGIN, PLUGIN), (OF_AN_ENTRY, "correct the file or the flags")]
)
def test_a_new_source(fixtures, file, fails, kind, said, remedy):
    """It is passed on, unless it names an entry that is only going to be declared."""
    fails(kind, said)
    for arguments, end in commands(file, "--licence", "MIT", "--noise", "none"):
        ended = fixtures(*arguments)
        assert ended.code == kind.exit_code
        assert ended.err.endswith(f"  to mend:  {remedy}{end}"), ended.err


def test_a_declared_source(fixtures, buildable, fails):
    """Its entry is there to be corrected."""
    fails(CheckError, OF_AN_ENTRY)
    for arguments, _ in commands("run1084_twin"):
        ended = fixtures(*arguments)
        assert ended.err.endswith(f"  to mend:  {OF_AN_ENTRY}\n"), ended.err


def test_a_filter_that_is_missing(fixtures, buildable):
    """For real: each command says what to install."""
    h5py = pytest.importorskip("h5py", reason="the hdf5 extra is not installed")
    path = buildable / "private" / "packed.cxi"
    with h5py.File(path, "w") as file:
        group = file.create_group("/entry_1/data_1")
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_chunk((1, 64, 64))
        # a number that no filter has
        creation.set_filter(32099, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((40, 64, 64))
        h5py.h5d.create(group.id, b"data", h5py.h5t.NATIVE_FLOAT, space, creation)
    flags = ("--format", "cxi", "--measurement", "amplitude", "--zero-frequency", "centre",
             "--object", "ones", "--x-sign", "1", "--y-sign", "1", "--licence", "MIT",
             "--noise", "measured")  # fmt: skip
    add = ("add", "new_v1", "--from", str(path), *CUT, *flags)
    for arguments, code in ((add, 3), (("suggest", str(path), *flags), 3),
                            (("profile", str(path)), 1)):  # fmt: skip
        ended = fixtures(*arguments)
        assert ended.code == code, f"{arguments}: {ended.err}"
        assert f"  to mend:  {PLUGIN}" in ended.err, f"{arguments}: {ended.err}"
