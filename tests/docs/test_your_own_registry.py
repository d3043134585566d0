"""docs/your-own-registry.md, to the letter: in an empty folder, with nothing but the wheel."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
import yaml

from registry.ptychography.contracts import CONTRACTS
from registry.ptychography.mistakes import MISTAKES
from tests.kit import installed, pages
from tests.kit.clone import Clone
from tests.kit.environment import environment
from tests.kit.once import once

PAGE = "docs/your-own-registry.md"
HOST = "https://host/sounds.git"
# DVC brings this plugin, which takes longer to start than pytest itself.
ALONE = "-p no:hydra_pytest -p no:cacheprovider"
# What a user writes, and how much at most.
OWN = [
    "generators/tones_v1.py",
    "generators/tones_v1.schema.json",
    "schemas/tones_v1.schema.json",
    "fields/audio.py",
    "params.yaml",
]
MOST_LINES = 60
# Mistakes that were made somewhere, each of which shapes, dtypes and ranges leave as they are.
CORE = ("permuted_frames", "rolled_frames", "swapped_coordinates", "x_plus_1px",
        "duplicated_frame", "transposed_frames", "intensity", "conjugated_object")  # fmt: skip
# What finds a mistake in frames of 128 x 128.
FINDS = {
    "permuted_frames": "own-match",
    "swapped_neighbours": "own-match",
    "duplicated_frame": "distinct",
    "x_plus_1px": "own-match",
    "drift": "chi-square",
    "intensity": "counts",
    "float64_frames": "contract: diffraction.dtype",
}
# Has each stage of the large scan write beside this what its process took at most, in kB.
SITECUSTOMIZE = """
import atexit, pathlib, re, sys

def write():
    status = pathlib.Path("/proc/self/status").read_text()
    module, peak = sys.orig_argv[2], re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]
    pathlib.Path(__file__).with_name(module).write_text(peak)

if "simulated_128" in sys.orig_argv:
    atexit.register(write)
"""
MEGABYTES = 500

PINNED = "tests/fixtures/tones_v1.npz"
DATASET = """
dataset:
  name: Tones
  description: Tones of triangle waves.
  version: 1.0.0
  creators: [{type: person, name: Nobody}]
"""


@pytest.fixture(scope="session")
def programs(tmp_path_factory, request):
    """Programs of an environment into which the wheel was installed."""

    def make(folder) -> None:
        built = installed.wheel(folder)
        installed.environment(folder / "environment", "build", "report")
        shell = Clone(folder, environment(folder, **installed.PIP))
        shell.sh(f"environment/bin/pip install --quiet {built.name}")

    return once(tmp_path_factory, request.config, "own-registry", make) / "environment" / "bin"


@pytest.fixture
def shell(programs, tmp_path):
    """A folder in which nothing is, with that environment activated."""
    variables = environment(tmp_path, PYTEST_ADDOPTS=ALONE)
    path = os.pathsep.join([os.fspath(programs), variables["PATH"]])
    folder = tmp_path / "place"
    folder.mkdir()
    return Clone(folder, {**variables, "PATH": path})


def inside(shell: Clone, name: str) -> Clone:
    """The same shell in a folder, made where it is not there."""
    (shell.path / name).mkdir(exist_ok=True)
    return Clone(shell.path / name, shell.environment)


@pytest.mark.slow
def test_tones(shell, blocks):
    """A registry of a field of one's own: built, verified, tested, pushed, used by URL."""
    page = blocks(PAGE)
    shell.sh(page[0].text)
    sounds = inside(shell, "sounds")
    own = pages.write_files(PAGE, sounds.path)
    commands, wrong, repro, said, share, ini, asks = page[len(own) + 1 : len(own) + 8]
    assert [block.file for block in own] == OWN
    lines = sum(len(block.text.splitlines()) for block in own)
    assert lines <= MOST_LINES, "the user's own code"
    printed = sounds.sh(commands.text)
    for part in ("ok      tones_v1  (", "ok      published.sum", "1 passed"):
        assert part in printed, printed
    shown = printed.rpartition("passed")[2]
    for part in ("sound", "pitch_hz", "rate_hz", "(3, 4000)"):
        assert part in shown, shown
    assert sounds.changed() == [], "something is left"
    speaks_of_tones_alone(sounds, shown)

    with (sounds.path / "params.yaml").open("a") as file:
        file.write(wrong.text)
    ended = sounds.run("sh", "-c", repro.text)
    assert ended.code != 0, "a wrong sampling rate passes"
    for line in said.text.splitlines():
        assert line in ended.out, ended.out
    assert sounds.changed() == ["params.yaml"], "something was written"
    sounds.sh("git checkout --quiet params.yaml && dvc repro && fixtures verify")

    sounds.sh(share.text)
    other = inside(shell, "other")
    (other.path / "pytest.ini").write_text(ini.text.replace(HOST, sounds.path.as_uri()))
    (other.path / "test_octaves.py").write_text(asks.text)
    assert "1 passed" in other.sh("pytest"), "not as the page uses it"


def speaks_of_tones_alone(sounds: Clone, shown: str) -> None:
    """Whatever is said of the registry is said of its own arrays."""
    with (sounds.path / "params.yaml").open("a") as file:
        file.write(DATASET)
    reversed_rows = "d['sound'] = d['sound'][::-1]; np.savez('build/other.npz', **d)"
    text = sounds.sh(f"""
        python -c "import numpy as np; d = dict(np.load('{PINNED}')); {reversed_rows}"
        fixtures list
        fixtures diff tones_v1 build/other.npz || test $? = 1
        fixtures export --croissant
        fixtures export --in-toto
        fixtures report
        cat build/report/index.html build/report/tones_v1/index.html
    """)
    sounds.git("checkout", "--quiet", "params.yaml")
    for part in (
        "fixture   rows  strategy  source     size    checks ",
        "the same sound in another order: 2 of 3 rows moved, but pitch_hz is not with them",
        '"@id": "tones_v1/sound"',
        "; tone, sample. dtype <f4, ",
        '<img src="tones_v1/array-pitch_hz-dark.svg"',
        "Pictures</h2>",
    ):
        assert part in text, f"{part}\n{text}"
    arrays = {array.name for contract in CONTRACTS.values() for array in contract.arrays}
    foreign = arrays - {"Y", "label"}
    for word in (*foreign, "DATA-001", "data_001", "physics", "probe", "ptychography", "scan"):
        assert word not in shown + text, word


@pytest.mark.slow
def test_in_a_folder(shell, blocks):
    """The commands of the page, in a repository that has what stands in the way at its top."""
    folder = blocks(PAGE)[-6]
    repository = inside(shell, "sounds")
    for name in ("dvc.yaml", "params.yaml", "registry.py"):
        (repository.path / name).touch()
    repository.sh("git init --quiet")
    printed = repository.sh(f"{folder.text}dvc repro")
    assert "params.yaml: 0 sources, 0 fixtures" in printed, printed


@pytest.mark.slow
def test_ptychography(shell, blocks, tmp_path):
    """Two scans from the wheel alone: built, checked, verified, shown, drawn, and used by URL.

    The large one is built in 500 MB, and its mistakes are found.
    """
    begin, source, fixture, commands, asks = blocks(PAGE)[-5:]
    scans = inside(shell, "scans")
    printed = scans.sh(f"git init --quiet\n{begin.text}")
    assert "fixture first_v1: " in printed, printed
    scans.edit("\nfixtures:\n", f"{source.text}\nfixtures:\n{fixture.text}")
    (tmp_path / "sitecustomize.py").write_text(SITECUSTOMIZE)
    measured = Clone(scans.path, {**scans.environment, "PYTHONPATH": os.fspath(tmp_path)})
    printed = measured.sh(f"{commands.text}\npython -m pytest tests")
    for part in (
        "fixture large_v1: ",
        "own match 100.0%",
        "ok      first_v1  (",
        "2 passed",
        "ok      large_v1  (",
        "(500, 128, 128)",
    ):
        assert part in printed, printed
    assert (scans.path / "build/report/large_v1/frame-mean.png").is_file(), "not drawn"
    assert scans.changed() == [], "something is left"
    its_mistakes_are_found(json.loads((scans.path / "tests/fixtures/large_v1.json").read_bytes()))
    if sys.platform == "linux":
        stages_are_small(tmp_path)

    scans.sh("""
        dvc remote add --default store ../scans-store
        dvc push
        git add .dvc/config && git commit --quiet --message remote && git tag v1
    """)
    other = inside(shell, "other")
    (other.path / "pytest.ini").write_text(
        f"[pytest]\nfixtures_registry = git+{scans.path.as_uri()}@v1\n"
    )
    (other.path / "test_it.py").write_text(asks.text)
    assert "1 passed" in other.sh("pytest"), "not as the page uses it"


def its_mistakes_are_found(record: dict) -> None:
    """All that are planted in the large scan, each by what is there to find it."""
    assert record["verdict"] == "checked"
    assert record["arrays"]["diffraction"]["shape"] == [500, 128, 128]
    mistakes = record["mistakes"]
    assert mistakes["missed"] == mistakes["none"] == []
    assert sorted(mistakes["found"]) == sorted(mistake.name for mistake in MISTAKES)
    assert {*CORE} <= mistakes["found"].keys(), "what is wrong is not refused"
    for name, criterion in FINDS.items():
        assert criterion in mistakes["found"][name], f"{name}: {mistakes['found'][name]}"


def stages_are_small(folder: Path) -> None:
    """The processes of the large scan's two stages."""
    for stage in ("source", "fixture"):
        kilobytes = int((folder / f"registry.build.{stage}").read_text())
        megabytes = kilobytes * 1024 / 1e6
        assert megabytes <= MEGABYTES, f"the {stage}'s stage takes {megabytes:.0f} MB"


def test_the_large_scan_is_that_of_another_page():
    """What docs/add-a-version.md declares, but for its names: it is built here alone."""
    of_this, of_other = (
        [
            (block.section, *yaml.safe_load(block.text).values())
            for block in pages.blocks(page)
            if "simulate_v3" in block.text or "subset_v2" in block.text
        ]
        for page in (PAGE, "docs/add-a-version.md")
    )
    source, fixture = of_this
    assert (source[0], fixture[0]) == ("sources", "fixtures")
    assert of_other == [source, ("fixtures", {**fixture[1], "source": "twin_128"})]
