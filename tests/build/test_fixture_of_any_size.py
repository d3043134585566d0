"""Fixtures of other frames than 64 x 64, from a simulated source to the sidecar."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from registry.build import fixture, source
from registry.identity import npz
from registry.ptychography import assert_consistent
from registry.ptychography.mistakes import MISTAKES
from registry.ptychography.noise import Noise
from tests.kit import processes
from tests.kit.environment import environment
from tests.kit.pages import blocks
from tests.kit.repository import REPOSITORY

FOLDER = Path("tests/fixtures/pytorch_integration")
# Runs a runner, and says what the process took at most.
_MEASURED = """
import re, sys
from registry.build import fixture, source
code = {"source": source, "fixture": fixture}[sys.argv[1]].main(sys.argv[2:])
with open("/proc/self/status") as status:
    print("MB", int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1]) * 1024 / 1e6)
sys.exit(code)
"""


SOURCE = ["twin", "--generator", "simulate_v3", "--seed", "7", "--licence", "CC0-1.0",
          "--size", "32", "--positions", "16", "--photons_per_frame", "1000000"]  # fmt: skip
FIXTURE = [f"{FOLDER}/sized_v1", "--generator", "subset_v2", "--source", "twin", "--n_subset", "16",
           "--strategy", "evenly_spaced", "--diff3d",
           "--created", "2026-11-23T00:00:00+00:00"]  # fmt: skip


def recorded(name: str = "sized_v1") -> dict:
    """The fixture's sidecar."""
    return json.loads((FOLDER / f"{name}.json").read_bytes())


def stages_of(page: str) -> dict[str, list[str]]:
    """Flags of the source and of the fixture with frames of another size that a page declares."""
    found = {}
    for block in blocks(page):
        if "simulate_v3" in block.text or "subset_v2" in block.text:
            ((name, entry),) = yaml.safe_load(block.text).items()
            flags = {key: value for key, value in entry.items() if value is not True}
            switches = [f"--{key}" for key, value in entry.items() if value is True]
            pairs = [word for key, value in flags.items() for word in (f"--{key}", str(value))]
            place = name if block.section == "sources" else f"{FOLDER}/{name}"
            found[block.section.removesuffix("s")] = [place, *pairs, *switches]
    return found


def test_the_smallest_frames(run, few_planted):
    """Sixteen frames of 32 x 32 are checked, and say which contract they satisfy."""
    assert run(source.main, *SOURCE).code == 0
    ended = run(fixture.main, *FIXTURE)
    assert (ended.code, ended.err) == (0, "")
    record = recorded()
    assert (record["verdict"], record["contract"]) == ("checked", "data_001_v3.schema.json")
    assert record["arrays"]["diff3d"]["shape"] == [16, 32, 32]
    arrays = npz.parse((FOLDER / "sized_v1.npz").read_bytes(), subject="sized_v1")
    scale = record["ptychography"]["photon_scale"]
    assert_consistent(arrays, Noise(kind="poisson", photon_scale=scale))
    with pytest.raises(AssertionError, match="own-match"):
        assert_consistent(
            {**arrays, "xcoords": np.roll(arrays["xcoords"], 1)},
            Noise(kind="poisson", photon_scale=scale),
        )


def test_what_the_older_contract_refuses(run, few_planted):
    """Such frames need a generator whose contract takes them; nothing is written."""
    run(source.main, *SOURCE)
    ended = run(fixture.main, *(word.replace("subset_v2", "subset_v1") for word in FIXTURE))
    assert ended.code == 1
    for rule in ("diffraction.shape.1: expected 64; found 32", "probeGuess.shape.0: expected 64"):
        assert f"contract: {rule}" in ended.err
    assert not FOLDER.exists(), "something was written"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process took at most")
def test_memory(top):
    """500 frames of 128 x 128 are built, checked and proven in 500 MB, and mistakes are found."""
    env = environment(top.parent, PYTHONPATH=str(REPOSITORY), OPENBLAS_NUM_THREADS="1")
    stages = stages_of("docs/add-a-version.md")
    assert list(stages) == ["source", "fixture"]
    for stage, flags in stages.items():
        command = [sys.executable, "-c", _MEASURED, stage, *flags]
        ended = processes.run(command, top, env, limit_s=900)
        assert ended.returncode == 0, ended.stderr
        megabytes = float(re.search(r"MB (\S+)", ended.stdout)[1])
        assert megabytes <= 500, f"the {stage}'s stage takes {megabytes:.0f} MB"
    record = recorded("large_dataset_v1")
    assert record["verdict"] == "checked"
    assert record["arrays"]["diffraction"]["shape"] == [500, 128, 128]
    mistakes = record["mistakes"]
    assert mistakes["missed"] == mistakes["none"] == []
    assert sorted(mistakes["found"]) == sorted(mistake.name for mistake in MISTAKES)
    for name, criterion in {
        "permuted_frames": "own-match",
        "swapped_neighbours": "own-match",
        "duplicated_frame": "distinct",
        "x_plus_1px": "own-match",
        "drift": "chi-square",
        "intensity": "counts",
        "float64_frames": "contract: diffraction.dtype",
    }.items():
        assert criterion in mistakes["found"][name], f"{name}: {mistakes['found'][name]}"
