"""What ``fixtures mutants`` costs over the suite's own fixture tests, once for each mistake."""

from __future__ import annotations

import json
from functools import partial
from statistics import median

from bench import growth, scratch
from bench.results import Section, at_most, table
from bench.timing import ROOT
from registry import load
from registry.mutants.campaign import cores

TITLE = "a suite on fixtures with planted mistakes"
_NAME = "minimal_dataset_v1"
# Fifty tests, of which twenty use the fixture. They notice next to nothing, which costs most: a
# mistake that is noticed ends its run.
_TESTS = """
import hashlib
import pytest

@pytest.mark.parametrize("key", ["diffraction", "probeGuess", "objectGuess", "xcoords", "ycoords"])
class TestContract:
    def test_shape(self, load_fixture, key):
        fixture = load_fixture({name!r})
        assert fixture[key].shape == fixture.sidecar.arrays[key]["shape"]

    def test_dtype(self, load_fixture, key):
        fixture = load_fixture({name!r})
        assert fixture[key].dtype.str == fixture.sidecar.arrays[key]["dtype"]

    def test_range(self, load_fixture, key):
        low, high = load_fixture({name!r}).sidecar.arrays[key]["range"]
        assert low <= high

    def test_checksum(self, load_fixture, key):
        fixture = load_fixture({name!r})
        digest = hashlib.sha256(fixture.path.read_bytes()).hexdigest()
        assert digest == fixture.sidecar.sha256_checksum
"""
_OTHERS = """
import pytest

@pytest.mark.parametrize("number", range(30))
def test_of_something_else(number):
    assert number >= 0
"""
_SUITE = "the suite of 50 tests"
_FLOOR = "its 20 tests that use the fixture (floor)"
_OURS = "`fixtures mutants`"
_ROUNDS = 5
_PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")


def run(name: str) -> Section:
    """Run the suite, its fixture tests alone, and the command."""
    with scratch.folder() as folder:
        scratch.write(folder, {_NAME: load(_NAME, ROOT)})
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (folder / "test_contract.py").write_text(_TESTS.format(name=_NAME), encoding="utf-8")
        (folder / "test_others.py").write_text(_OTHERS, encoding="utf-8")
        run_in = partial(partial, scratch.run, folder)
        suites = {_SUITE: run_in(*_PYTEST), _FLOOR: run_in(*_PYTEST, "test_contract.py")}
        wall, used = growth.processes(suites, rounds=_ROUNDS)
        command = {_OURS: run_in("-m", "registry.cli", "mutants", "--json", "mutants.json")}
        for times, more in zip((wall, used), growth.processes(command, rounds=1), strict=True):
            times.update(more)
        document = json.loads((folder / "mutants.json").read_bytes())
    mistakes = document["of"]
    rows = [
        [what, *(f"{median(times[what]):.2f}" for times in (wall, used))]
        for what in (_SUITE, _FLOOR, _OURS)
    ]
    return Section(
        name=name,
        title=TITLE,
        parts=[
            f"`minimal_dataset_v1` and {mistakes} mistakes of its field, of which the suite "
            f"notices {document['noticed']}; one that notices more takes less. The target is in "
            "processor time, user and system, which the command shares over its cores (here "
            f"{cores()}): other load disturbs wall time by more than is measured here. Besides the "
            "mistakes the command runs the suite once, and its fixture tests once without the "
            "others.",
            table(["what", "wall s", "processor s"], rows),
        ],
        verdicts=[
            at_most(
                f"`fixtures mutants`, over {mistakes} times the floor",
                1.0,
                median(used[_OURS]) / (mistakes * median(used[_FLOOR])),
                "×",
            )
        ],
    )
