"""Tests of `fixtures envelope`, on results that were made up; nothing is trained."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import pytest
import yaml

from registry.declare import params
from registry.training import envelope
from tests.kit.envelope import results

V1 = "minimal_dataset_v1"
NAMES = ["v1_g1", "v1_g2", "n16_g2", "supervised_g1"]


@pytest.fixture
def put(root):
    """Put up-to-date results of a run or of the sweep there, each of which took this."""

    def put(name, **figures):
        declared = params.load(root).envelope
        found = [
            asdict(results(figures, settings=given))
            for given in envelope.settings(root, name, declared)
        ]
        path = root / envelope.results_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found))

    return put


@pytest.fixture
def measured(monkeypatch):
    """Names of what is measured; nothing is."""
    names = []
    monkeypatch.setattr(envelope, "measure", lambda root, name, declared, say: names.append(name))
    return names


def test_within_budget(fixtures, put, measured):
    """A line for each run, in 80 columns, and the budgets that they keep."""
    for name in ("v1_g1", "n16_g2"):
        put(name)
    ended = fixtures("envelope", "--check", "v1_g1", "n16_g2")
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out == (
        "run     train s  /torch  ± %  infer s  /torch  RSS MB  files MB  corr\n"
        "v1_g1   10.0     5.0     0.0  5.0      2.5     500     2.0       0.750\n"
        "n16_g2  10.0     5.0     0.0  5.0      2.5     500     2.0       0.750\n"
        "within budget: train_target_s 25, train_limit_s 45, train_spread_percent 10, "
        "peak_rss_mb 2000, artifacts_mb 100\n"
    ), "another report"
    assert measured == [], "--check measured"


def test_a_document(fixtures, put, measured):
    """``--json`` prints what was measured and what is wrong, and nothing beside it."""
    put("v1_g1")
    ended = fixtures("envelope", "v1_g1", "--json")
    found = json.loads(ended.out)
    assert (ended.code, ended.err, measured) == (0, "", ["v1_g1"]), ended
    assert (found["holds"], found["errors"]) == (True, []), "something is wrong"
    assert [(run["run"], run["settings"]["fixture"]) for run in found["runs"]] == [("v1_g1", V1)]
    assert found["runs"][0]["repeats"][0]["train_wall_s"] == 10, "not what was measured"
    put("v1_g1", artifact_bytes=1e9)
    ended = fixtures("envelope", "v1_g1", "n16_g2", "--check", "--json")
    found = json.loads(ended.out)
    assert (ended.code, found["holds"], ended.err) == (1, False, ""), ended
    assert [error["exit_code"] for error in found["errors"]] == [1, 3], "not every error"


def test_progress_is_no_part_of_a_document(fixtures, put, monkeypatch):
    """What is said while it measures goes to stderr there, and to stdout otherwise."""
    put("v1_g1")
    monkeypatch.setattr(
        envelope, "measure", lambda root, name, declared, say: say(f"{name}, 1 of 5")
    )
    ended = fixtures("envelope", "v1_g1", "--json")
    assert ended.err == "v1_g1, 1 of 5\n", "not on stderr"
    assert json.loads(ended.out)["holds"], "no document"
    assert fixtures("envelope", "v1_g1").out.startswith("v1_g1, 1 of 5\n"), "not on stdout"


def test_the_sweep(fixtures, put, measured, root):
    """A line for each point; one that is beyond a limit fails the command, and is shown."""
    path = root / "params.yaml"
    path.write_text(path.read_text().replace("fixture: minimal_dataset_v1_n128", f"fixture: {V1}"))
    put(params.SWEEP)
    ended = fixtures("envelope", "--sweep")
    assert (ended.code, measured) == (0, [params.SWEEP]), ended
    lines = ended.out.splitlines()
    assert lines[0].startswith("epochs × images  train s  "), "no header"
    assert max(map(len, lines[:-1])) <= 80, "wider than a terminal"
    assert len(lines) == 1 + 18 + 1, "not epochs by images by gridsize"
    assert " ".join(lines[1].split()) == "1 × 16, g1 10.0 5.0 0.0 5.0 2.5 500 2.0 0.750"
    put(params.SWEEP, artifact_bytes=1e9)
    ended = fixtures("envelope", "--sweep", "--check")
    assert (ended.code, len(measured)) == (1, 1), ended
    assert " 3 × 128, g2: artifacts_mb\n" in ended.err, "not named"


def test_a_budget_that_is_missed(fixtures, put):
    """Exit code 1, and a message of four parts; the table is there all the same."""
    put("v1_g1", train_peak_rss_bytes=2.1e9)
    ended = fixtures("envelope", "--check", "v1_g1")
    assert ended.code == 1, "a missed budget is a failed check"
    assert ended.err == (
        "error: v1_g1: peak_rss_mb\n"
        "  expected: at most 2000 MB\n"
        "  found:    2100.0 MB\n"
        "  to mend:  see what is imported and kept\n"
    ), "another message"
    assert ended.out.startswith("run "), "the figures are not shown"
    assert "within budget" not in ended.out, "said to be within budget"


def test_missing_and_damaged_results(fixtures, put, root):
    """Every declared run without results is named, and others are shown."""
    put("v1_g1")
    put("v1_g2")
    (root / envelope.results_path("v1_g2")).write_text('[{"a": 1}]')
    ended = fixtures("envelope", "--check")
    assert ended.code == 1, "damage is no worse than absence"
    named = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert named == [f"error: {name}: results" for name in NAMES[1:]], "not each, or another"
    assert "  found:    no such file\n" in ended.err, "not said"
    assert "v1_g1 " in ended.out, "what is there is not shown"


def test_measuring(fixtures, put, measured):
    """The runs named, or all that are declared; then they are judged."""
    put("v1_g2")
    assert fixtures("envelope", "v1_g2").code == 0, "not judged"
    assert fixtures("envelope").code == 3, "not judged"
    assert measured == ["v1_g2", *NAMES], "other runs"


def test_wrong_use(fixtures, measured):
    """An unknown name is told those there are; runs and the sweep are measured one by one."""
    ended = fixtures("envelope", V1)
    assert (ended.code, measured) == (2, []), "not the exit code of wrong use"
    assert f"expected: one of {', '.join(NAMES)}\n" in ended.err, "not listed"
    assert fixtures("envelope", "v1_g1", "--sweep").code == 2, "both at once"


def test_without_torch(fixtures, measured, monkeypatch):
    """What is not installed is named before anything runs; of exit code 3."""
    monkeypatch.setitem(sys.modules, "torch", None)
    ended = fixtures("envelope")
    assert (ended.code, measured) == (3, []), "not the exit code of what is missing"
    assert "found:    no torch\n" in ended.err, "not named"


def test_no_envelope(fixtures, root):
    """A registry that declares none is told so."""
    path = root / "params.yaml"
    declared = yaml.safe_load(path.read_text())
    del declared["envelope"]
    path.write_text(yaml.safe_dump(declared, sort_keys=False))
    ended = fixtures("envelope", "--check")
    assert ended.code == 3, "not the exit code of what is missing"
    assert ended.err.startswith("error: params.yaml: envelope\n"), "another message"
