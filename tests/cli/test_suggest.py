"""Tests of `fixtures suggest`. The figures: tests/ptychography/test_suggest.py."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pytest

from registry.build.scratch import Scratch

FIGURES = {
    "positions": 40,
    "frame": [64, 64],
    "object": [227, 226],
    "probe_diameter_px": 19.447,
    "seed": 0,
    "rows": [
        {"strategy": "first", "n_subset": 40, "coverage_x": 1.0, "coverage_y": 0.455,
         "overlap": 0.951, "groups": 40, "bytes": 1234567,
         "failures": ["coverage: more than 50% wanted in x and y", "frames: 1 of 40 leave"]},
        {"strategy": "random", "n_subset": 16, "coverage_x": 0.783, "coverage_y": 0.906,
         "overlap": 0.0, "groups": 0, "bytes": 970036, "failures": []},
        {"strategy": "evenly_spaced", "n_subset": 40, "coverage_x": 0.992, "coverage_y": 0.997,
         "overlap": 0.809, "groups": 40, "bytes": 1234567, "failures": []},
    ],
}  # fmt: skip
TABLE = """\
source {name}: 40 positions, frames 64 x 64, object 227 x 226, probe 19.4 px across

strategy        n   cover x  cover y  overlap  groups  bytes      criteria
first           40  100.0%   45.5%    95.1%    40      1,234,567  coverage: more than 50% wanted \
in x and y; frames: 1 of 40 leave
random, seed 0  16  78.3%    90.6%    0.0%     0       970,036    pass
evenly_spaced   40  99.2%    99.7%    80.9%    40      1,234,567  pass

"""


@pytest.fixture
def figures(monkeypatch):
    """Programs that take no time and have these figures; which entries were built."""
    built = []

    def build(self, kind, name, entry):
        built.append((kind, name, dict(entry)))
        return ""

    def run(self, module, *arguments, subject):
        return json.dumps(FIGURES)

    monkeypatch.setattr(Scratch, "build", build)
    monkeypatch.setattr(Scratch, "run", run)
    return built


@pytest.fixture
def file(buildable, scan):
    """A sound scan as a file in the registry's private folder."""
    path = buildable / "private" / "scan.npz"
    np.savez(path, **scan)
    return path


def test_a_declared_source(fixtures, buildable, figures):
    """One line for each strategy and size, what the columns mean, and a command to go on with."""
    before = (buildable / "params.yaml").read_bytes()
    ended = fixtures("suggest", "run1084_twin")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(TABLE.format(name="run1084_twin")), ended.out
    assert "overlap   mean of 1 - d / 19.4 px, with d the distance to the nearest" in ended.out
    assert "fixtures add checks the physics, too\n" in ended.out, "it claims more than it can"
    assert ended.out.endswith(
        "\n\nfixtures add run1084_twin_v1 --from run1084_twin --strategy evenly_spaced "
        "--n-subset 40\n"
    ), "not the passing one that is nearest to 64"
    assert figures[0][:2] == ("source", "run1084_twin"), "it was not built"
    assert (buildable / "params.yaml").read_bytes() == before, "params.yaml was touched"


def test_a_random_subset_is_suggested_with_its_seed(fixtures, buildable, figures, monkeypatch):
    """Where nothing else passes, the command has the seed that was tried."""
    monkeypatch.setitem(FIGURES, "rows", FIGURES["rows"][:2])
    ended = fixtures("suggest", "run1084_twin")
    assert ended.out.endswith(" --strategy random --n-subset 16 --seed 0\n"), ended.out


def test_a_document(fixtures, buildable, figures, monkeypatch):
    """The same figures for programs, and the command; none where nothing passes."""
    ended = fixtures("suggest", "run1084_twin", "--json")
    assert (ended.code, ended.err) == (0, "")
    command = (
        "fixtures add run1084_twin_v1 --from run1084_twin --strategy evenly_spaced --n-subset 40"
    )
    assert json.loads(ended.out) == {"source": "run1084_twin", **FIGURES, "command": command}
    monkeypatch.setitem(FIGURES, "rows", FIGURES["rows"][:1])
    assert json.loads(fixtures("suggest", "run1084_twin", "--json").out)["command"] is None


def test_nothing_passes(fixtures, buildable, figures, monkeypatch):
    """There is no command to suggest then."""
    monkeypatch.setitem(FIGURES, "rows", FIGURES["rows"][:1])
    ended = fixtures("suggest", "run1084_twin")
    assert ended.code == 0
    assert "fixtures add run1084_twin_v1" not in ended.out, "it is suggested all the same"


def test_flags_are_repeated(fixtures, buildable, file, figures):
    """The command to go on with declares the source as it was declared here."""
    ended = fixtures("suggest", str(file), "--noise", "measured", "--source-name", "mine")
    assert (
        f"\n\nfixtures add mine_v1 --from {shlex.quote(str(file))} --source-name mine "
        "--noise measured --licence … "
    ) in ended.out, ended.out


def test_a_file(fixtures, buildable, file, figures):
    """What makes no difference to the figures need not be given; the command leaves room for it."""
    ended = fixtures("suggest", str(file))
    assert ended.code == 0, ended.err
    assert figures[0][2]["path"] == "private/scan.npz"
    assert ended.out.endswith(
        f"\n\nfixtures add scan_v1 --from {shlex.quote(str(file))} --licence … --noise … "
        "--strategy evenly_spaced --n-subset 40\n"
    ), ended.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nope",), 2, "source nope\n  expected: a declared source (run1084_twin) or a file\n"),
        (("run1084_twin", "--noise", "none"), 2,
         "--noise\n  expected: no key of a source that is declared already\n"),
        (("FILE", "--noise", "loud"), 1,
         "source scan: 1 problem\n"
         "  expected: entries that satisfy params.schema.json and their generators' schemas\n"
         '  found:    sources.scan.noise: expected one of "none", "poisson", "measured"; '
         'found "loud"\n'),
        (("FILE", "--source-generator", "simulate_v1"), 1,
         "sources.scan.seed: expected a value; found none"),
    ],
    ids=["unknown", "declared", "noise", "seed"],
)  # fmt: skip
def test_a_mistake(fixtures, buildable, file, figures, arguments, code, message):
    """Each gives its message and exit code, and nothing is built."""
    given = [str(file) if item == "FILE" else item for item in arguments]
    ended = fixtures("suggest", *given)
    assert (ended.code, ended.out) == (code, ""), ended.err
    assert message in ended.err, f"the message reads:\n{ended.err}"
    assert figures == [], "something was built"


def test_for_real(fixtures, buildable, file):
    """The strategies of the generator are tried on the file's positions, in a scratch folder."""
    before = sorted(buildable.rglob("*"))
    ended = fixtures("suggest", str(file))
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == (
        "source scan: 40 positions, frames 64 x 64, object 227 x 226, probe 19.4 px across"
    )
    rows = [line.split()[:3] for line in lines[3:15]]
    assert [row[:2] for row in rows[:6]] == [
        ["evenly_spaced", "16"], ["evenly_spaced", "32"], ["evenly_spaced", "40"],
        ["first", "16"], ["first", "32"], ["first", "40"],
    ], "not each strategy with each size"  # fmt: skip
    assert lines[5].split()[2:4] == ["100.0%", "100.0%"], "all positions do not span everything"
    assert sorted(buildable.rglob("*")) == before, "something was written"


def test_a_file_that_is_no_scan(fixtures, buildable):
    """The reader's message is passed on."""
    (buildable / "private" / "text.npz").write_bytes(b"not a ZIP")
    ended = fixtures("suggest", "private/text.npz")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: source text\n"), ended.err
