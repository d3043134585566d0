"""Tests of `registry.training.envelope`: what is measured and written; nothing is trained."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from registry.build import closure
from registry.declare import params
from registry.declare.params import SWEEP, Sweep
from registry.errors import CheckError, MissingError
from registry.training import envelope, measuring
from tests.kit.envelope import outcome
from tests.kit.repository import REPOSITORY

NAME, FIXTURE = "n16_g2", "minimal_dataset_v1_n16"
SHA256 = "0bf135e4d7860cd3ca84778befbd2af897471dc91ebea4d369be21168b770399"
PLACES = {
    "results": f"{NAME}.json", "metrics": f"{NAME}.json", "losses": f"{NAME}.svg",
    "reconstructions": f"{NAME}.npz",
}  # fmt: skip


@pytest.fixture
def declared():
    """The envelope of this repository, with three repeats and a small sweep."""
    found = params.load(REPOSITORY).envelope
    sweep = Sweep(fixture=FIXTURE, gridsize=[1, 2], max_epochs=[1, 3], n_images=[16])
    return replace(found, options=replace(found.options, repeats=3), sweep=sweep)


@pytest.fixture
def measure(root, declared, monkeypatch):
    """Measure workflows of these outcomes; what they were given, and what was said."""

    def measure(*outcomes, name=NAME):
        given, said, left = [], [], iter(outcomes)
        monkeypatch.setattr(measuring, "run", lambda root, *arguments: given.append(arguments))
        monkeypatch.setattr(measuring, "workflow", lambda *what: given.append(what) or next(left))
        envelope.measure(root, name, declared, said.append)
        return given, said

    return measure


def judged(root, declared, name=NAME) -> list[str]:
    """What is found wrong with results."""
    return [
        verdict.error.found
        for _, verdicts in envelope.judge(root, name, declared)
        for verdict in verdicts
        if verdict.error
    ]


def test_a_run(measure, root, declared):
    """Torch is imported once for the disk's sake; each repeat has the same options."""
    outcomes = [outcome(train_wall_s=seconds) for seconds in (10.0, 11.0, 30.0)]
    given, said = measure(*outcomes)
    options = {"gridsize": 2, "loss": "mae", "max_epochs": 2, "batch_size": 4, "seed": 42}
    assert given == [("-c", "import torch"), *[(root, FIXTURE, options)] * 3], "others"
    assert said[2] == f"{FIXTURE}, gridsize 2, 2 epochs, all images, 3 of 3: 30.0 s"
    ((found, _),) = envelope.judge(root, NAME, declared)
    assert [each["train_wall_s"] for each in found.repeats] == [10.0, 11.0, 30.0]
    assert found.quality == {
        "last_loss": 0.2, "amplitude_error": 0.04, "amplitude_correlation": 0.75,
    }, "not what inference says"  # fmt: skip
    assert (found.losses, found.settings["sha256"]) == ([0.4, 0.2], SHA256)
    assert judged(root, declared) == [], "out of date at once"


def test_what_is_written(measure, root):
    """DVC's figures, a picture of the losses that is the same each time, the reconstruction."""
    measure(*[outcome()] * 3)
    read = {part: (root / "envelope" / part / file).read_bytes() for part, file in PLACES.items()}
    assert json.loads(read["metrics"]) == {
        "corr": 0.75, "files_mb": 2.0, "rss_mb": 500, "train_s": 10.0,
    }  # fmt: skip
    assert b"<svg" in read["losses"], "no picture"
    assert read["reconstructions"] == b"npz"
    assert b"/" not in json.loads(read["results"])[0]["machine"].encode(), "a path"
    measure(*[outcome()] * 3)
    again = (root / "envelope" / "losses" / f"{NAME}.svg").read_bytes()
    assert again == read["losses"], "another picture of the same losses"


@pytest.mark.parametrize(
    "other", [outcome(losses=(0.4, 0.2000000001)), outcome(reconstruction=b"other")], ids=["l", "r"]
)
def test_repeats_that_differ(measure, root, declared, other):
    """One repeat with another loss, or another reconstruction, is enough."""
    measure(outcome(), other, outcome())
    assert judged(root, declared) == ["different"], "not noticed"


def test_the_sweep(measure, root, declared):
    """Every combination once, all in one file, and nothing for DVC."""
    given, _ = measure(*[outcome(train_wall_s=seconds) for seconds in (5, 6, 7, 50)], name=SWEEP)
    points = [(each[2]["gridsize"], each[2]["max_epochs"]) for each in given[1:]]
    assert points == [(1, 1), (1, 3), (2, 1), (2, 3)], "other combinations"
    assert given[1][2].items() >= {"n_images": 16, "seed": 42}.items(), "other options"
    labels = [found.label for found, _ in envelope.judge(root, SWEEP, declared)]
    assert labels == ["1 × 16, g1", "3 × 16, g1", "1 × 16, g2", "3 × 16, g2"]
    assert judged(root, declared, SWEEP) == ["50.0 s"], "not the limit, or the target"
    assert [path.name for path in (root / "envelope").rglob("*.*")] == ["sweep.json"]


def test_another_declaration(measure, root, declared):
    """More epochs than were measured, other bytes and other code make results out of date."""
    measure(*[outcome()] * 3)
    path = root / envelope.results_path(NAME)
    code = json.loads(path.read_bytes())[0]["settings"]["code"]
    path.write_text(path.read_text().replace(SHA256, "other").replace(code, "edited"))
    more = replace(declared, options=replace(declared.options, max_epochs=3))
    assert judged(root, more) == [
        f"changed since, max_epochs 3, not 2, sha256 {SHA256}, not other, code {code}, not edited"
    ]


def test_a_command_that_fails(measure, root, monkeypatch):
    """The last good results stay as they are."""
    measure(*[outcome()] * 3)
    before = (root / envelope.results_path(NAME)).read_bytes()
    with pytest.raises(StopIteration):
        measure(outcome(train_wall_s=99))
    assert (root / envelope.results_path(NAME)).read_bytes() == before, "half a run was written"


@pytest.mark.parametrize(
    "text", ["", "[]", "[{}]", "{", "[1]", "\xff", '[{"settings": 1}]', None], ids=str
)
def test_what_is_no_result(measure, root, declared, text):
    """A file that is not there, or something else, says how to measure anew."""
    measure(*[outcome()] * 3)
    path = root / envelope.results_path(NAME)
    path.unlink() if text is None else path.write_bytes(text.encode("latin-1"))
    with pytest.raises(MissingError if text is None else CheckError) as caught:
        envelope.judge(root, NAME, declared)
    assert caught.value.remedy == f"fixtures envelope {NAME}", "not the command"


def test_what_counts_as_the_program(root):
    """The code is that of the measured commands and all they import."""
    names = {line.split()[1] for line in closure.text(root, envelope._PROGRAMS).splitlines()}
    expected = ("training/model", "training/measuring", "cli/train", "cli/infer", "identity/npz")
    assert names >= {f"registry/{name}.py" for name in expected}, "one is missing"
    assert "registry/report/pages.py" not in names, "what draws pages trains nothing"


def test_nothing_that_measures_imports_torch():
    """Torch is the children's: the process that starts them stays light, and so do their peaks."""
    program = (
        "import sys; from registry.cli import envelope; from registry.training import envelope; "
        "print(*({'torch', 'lightning', 'dvc', 'numpy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n", "something heavy"
