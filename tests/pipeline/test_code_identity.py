"""Which stages DVC runs again after an edit: those whose bytes or verdicts it can reach."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from tests.kit.clone import CODE
from tests.kit.repository import REPOSITORY
from tests.kit.scans import twin

pytestmark = pytest.mark.slow

LEGACY = "fixture@minimal_dataset_v1_legacy"
LABELLED = "fixture@minimal_dataset_v1_labelled"
SUBSETS = {
    "fixture@minimal_dataset_v1",
    "fixture@minimal_dataset_v1_n16",
    "fixture@minimal_dataset_v1_n128",
    "fixture@minimal_dataset_v1_supervised",
    "fixture@mine_v1",
}
FIXTURES = {*SUBSETS, LEGACY, LABELLED}
TWIN, MINE = "source@run1084_twin", "source@mine"
SOURCES = {TWIN, MINE}
STAGES = {*SOURCES, *FIXTURES}

SCAN = """\
  mine:
    generator: scan_v2
    format: npz
    path: {path}
    sha256: "{digest}"
    licence: MIT
    diffraction: counts
    measurement: intensity
    normalisation: 5000
    noise: measured
    zero_frequency: centre
    object: ones
    x_sign: 1
    y_sign: 1
"""
CUT = """\
  mine_v1:
    generator: subset_v1
    source: mine
    strategy: evenly_spaced
    n_subset: 16
    created: "2026-11-23T00:00:00+00:00"
"""
COMMENT = ("", "\n# a comment\n")
STATEMENT = ("", "\nMORE = 1\n")
# Nothing else in these files: what is in generators/ counts byte for byte, as do schemas.
LINE = ("", "\n")


@pytest.fixture(scope="module")
def built(built_clone, tmp_path_factory):
    """A clone with one more fixture of the twin, and one of a scan that a reader opens."""
    folder = tmp_path_factory.mktemp("code")
    clone = built_clone.copy(folder / "clone")
    truth = twin()
    counts = np.random.default_rng(7).poisson(truth.amplitude**2 * 5000).astype(np.uint16)
    path = folder / "scan.npz"
    np.savez(path, counts=counts, probeGuess=truth.probe, xcoords=truth.x, ycoords=truth.y)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    clone.declare("sources", SCAN.format(path=path, digest=digest))
    clone.edit("  # minimal_dataset_v1_legacy:", "  minimal_dataset_v1_legacy:")
    clone.declare("fixtures", CUT)
    ended = clone.dvc("repro")
    assert ended.code == 0, ended.out
    assert ended.stages == [CODE, MINE, LEGACY, "fixture@mine_v1"], "not what is new"
    clone.commit()
    return clone


# Makes each edit, runs the stage of the code, compares what it wrote, and takes the edit back. DVC
# says once that all is up to date, and which stage depends on what.
DRIVER = """
import contextlib, io, json, sys
from pathlib import Path

from dvc.repo import Repo

from registry.build import code

names, edits = json.load(sys.stdin)
with Repo() as repo:
    assert repo.status(targets=names) == {}, "not up to date"
    stages = {
        name: [Path(dep.fs_path).relative_to(Path.cwd()) for dep in stage.deps]
        for name in names
        for stage in repo.stage.collect(name)
    }


def closures():
    with contextlib.redirect_stdout(io.StringIO()):
        assert code.main() == 0
    return {path: path.read_bytes() for path in code.FOLDER.iterdir()}


before, found = closures(), {}
for name, (path, old, new) in edits.items():
    path = Path(path)
    data = path.read_bytes()
    head, middle, tail = data.decode().rpartition(old) if old else (data.decode(), "", "")
    assert middle == old, f"{path} has no {old!r}"
    path.write_text(head + new + tail)
    after = closures()
    path.write_bytes(data)
    assert after.keys() == before.keys(), "another file"
    found[name] = [
        stage for stage, deps in stages.items() if any(after.get(d) != before.get(d) for d in deps)
    ]
assert closures() == before, "taken back, and not as before"
print(json.dumps(found))
"""


def reached(clone, edits: dict[str, tuple[str, str, str]]) -> dict[str, set[str]]:
    """Stages that have changed after each edit: a file, a text, and what takes its place."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        cwd=clone.path,
        env=clone.environment,
        input=json.dumps((sorted(STAGES), edits)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name: set(stages) for name, stages in json.loads(done.stdout.splitlines()[-1]).items()}


# What is edited, how, and whom it reaches.
EDITS = {
    "an array's file": ("registry/identity/npz.py", "_ALIGNMENT = 64", "_ALIGNMENT = 128"),
    "a source's stage": ("registry/build/source.py", *STATEMENT),
    "a fixture's stage": ("registry/build/fixture.py", *STATEMENT),
    "a criterion": ("registry/ptychography/acceptance.py", "= 0.5", "= 0.6"),
    "a limit": ("registry/ptychography/likelihood.py", "SIGMAS = 6.0", "SIGMAS = 7.0"),
    "the file's reader": ("registry/ptychography/readers/npz.py", *STATEMENT),
    "another reader": ("registry/ptychography/readers/cxi.py", *STATEMENT),
    "a contract": ("schemas/data_001_v1.schema.json", *LINE),
    "the legacy contract": ("schemas/data_001_legacy_v1.schema.json", *LINE),
    "the labelled contract": ("schemas/data_001_v4.schema.json", *LINE),
    "another contract": ("schemas/data_001_v2.schema.json", *LINE),
    "a sidecar's schema": ("schemas/sidecar_v3.schema.json", *LINE),
    "the field's schema": ("schemas/ptychography_v1.schema.json", *LINE),
    "keys": ("schemas/keys_v1.schema.json", *LINE),
    "the declaration's words": ("schemas/params.schema.json", "at most 100", "at most a hundred"),
    "an error's wording": ("registry/errors.py", "to mend:", "mend it so:"),
    "a message of the stage": (
        "registry/build/fixture.py",
        "at least one criterion that refuses the arrays",
        "one criterion or more",
    ),
    "a message of both stages": (
        "registry/build/record.py",
        "which the source's stage writes",
        "which the stage of the source writes",
    ),
    "a comment": ("registry/build/fixture.py", *COMMENT),
    "a docstring": ("registry/build/source.py", '"""Runner of the', '"""The runner of the'),
    "a command": ("registry/cli/verify.py", *STATEMENT),
    "the code of code": ("registry/build/code.py", *STATEMENT),
    "loading": ("registry/loading.py", *STATEMENT),
    "progress": ("registry/storage/progress.py", *STATEMENT),
    "the report": ("registry/report/pages.py", *STATEMENT),
    "the section dataset": ("params.yaml", "  version: 1.0.0", "  version: 2.0.0"),
    "documentation": ("docs/checks.md", *LINE),
}
REACHED = {
    "an array's file": {*SOURCES, *FIXTURES},
    "a source's stage": SOURCES,
    "a fixture's stage": FIXTURES,
    "a criterion": FIXTURES,
    "a limit": FIXTURES,
    "the file's reader": {MINE},
    "another reader": {MINE},
    "a contract": FIXTURES - {LABELLED},
    "the labelled contract": {LABELLED},
    "the legacy contract": {LEGACY},
    "a sidecar's schema": FIXTURES,
    "the field's schema": FIXTURES,
    "keys": {*SOURCES, *FIXTURES},
}
# Files beside the generators: each reaches what it makes, and what imports it; so does its schema.
GENERATORS = {
    "exact_v1.py": {*SOURCES, *FIXTURES},
    "simulate_v1.py": {TWIN},
    "simulate_v1.schema.json": {TWIN},
    "subset_v1.py": FIXTURES,
    "subset_v1.schema.json": SUBSETS,
    "labelled_v1.py": {LABELLED},
    "labelled_v1.schema.json": {LABELLED},
    "subset_v2.py": {LABELLED},
    "legacy_v1.py": {LEGACY},
    "legacy_v1.schema.json": {LEGACY},
    "scan_v2.schema.json": {MINE},
    "scan_v2.py": {MINE},
    "detector_v1.py": {MINE},
    "epie_v1.py": {MINE},
    "fourier_v1.py": {MINE},
    "pixels_v1.py": {MINE},
    "positions_v1.py": {MINE},
    "sums_v1.py": {MINE, LABELLED},
}


def test_one_edit_at_a_time(built):
    """Exactly the stages whose bytes or verdicts an edit can reach; none after it is taken back."""
    files = sorted(path.name for path in (REPOSITORY / "generators").glob("*_v*"))
    assert set(GENERATORS) < set(files), "a file is gone"
    edits = {**EDITS, **{name: (f"generators/{name}", *LINE) for name in files}}
    expected = {**REACHED, **GENERATORS}
    assert reached(built, edits) == {name: expected.get(name, set()) for name in edits}


def edit(clone, file: str, old: str, new: str) -> None:
    """Make one edit: a text in place of another one, or at the file's end."""
    if old:
        clone.edit(old, new, file=file)
    else:
        with (clone.path / file).open("a", encoding="utf-8") as opened:
            opened.write(new)


def test_what_dvc_builds_again(built, tmp_path):
    """The stages that edits reach, in which no fixture's bytes change, and for others none."""
    clone = built.copy(tmp_path / "changed")
    lock, before = (clone.path / "dvc.lock").read_bytes(), clone.built()
    # an edit that is put away, though the stage of the code has seen it
    edit(clone, "generators/exact_v1.py", *LINE)
    assert clone.run(sys.executable, "-m", "registry.build.code").code == 0
    clone.git("stash")
    for name in set(EDITS) - set(REACHED):
        edit(clone, *EDITS[name])
    for name in ("modes_v1.py", "modes_v1.schema.json", "simulate_v2.py"):
        edit(clone, f"generators/{name}", *LINE)
    ended = clone.dvc("repro")
    assert (ended.code, ended.stages) == (0, [CODE]), ended.out
    assert (clone.path / "dvc.lock").read_bytes() == lock, "the lock changed"

    for edits, stages in (
        # the source comes out as it was, so that what is cut from it is up to date
        ([("generators/legacy_v1.py", *COMMENT), EDITS["the file's reader"]], [MINE, LEGACY]),
        # its record names the generators
        ([("generators/epie_v1.py", *COMMENT)], [MINE, "fixture@mine_v1"]),
    ):
        pins = clone.pins()
        for change in edits:
            edit(clone, *change)
        ended = clone.dvc("repro")
        assert (ended.code, ended.stages) == (0, [CODE, *stages]), ended.out
        same = {name: data for name, data in before.items() if name.endswith(".npz")}
        assert {name: clone.built()[name] for name in same} == same, "other bytes"
        after = clone.pins()
        moved = {name for name in pins if pins[name] != after[name]}
        assert moved == {stage for stage in stages if stage in FIXTURES}, "other pins"
