"""Tests of `fixtures diff`: what it tells apart, as text, as JSON and by its exit code."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import registry
from tests.kit.processes import git
from tests.kit.repository import FOLDER
from tests.kit.republish import cached, republish

NAME = "minimal_dataset_v1_n16"
OTHER = "minimal_dataset_v1"
DATA = f"{FOLDER}/{NAME}.npz"
PER_FRAME = ("diffraction", "diff3d", "xcoords", "ycoords", "xcoords_start", "ycoords_start")


@pytest.fixture
def arrays(root):
    """Arrays of a fixture, to be changed."""
    return {name: array.copy() for name, array in registry.load(NAME, root).items()}


@pytest.fixture
def diff(fixtures, root):
    """Compare a fixture with a file that numpy wrote of some arrays."""

    def run(arrays: dict[str, np.ndarray], *options: str):
        np.savez_compressed(root / "b.npz", **arrays)
        return fixtures("diff", NAME, "b.npz", *options)

    return run


def verdict(ended) -> str:
    """The first line, up to the colon."""
    return ended.out.partition(":")[0]


def test_the_same_arrays_recompressed(diff, arrays):
    """Another container of the same arrays is no difference to a script."""
    ended = diff(arrays)
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out.splitlines()[0] == (
        f"container only: {NAME} -> b.npz (other bytes, and in them the same arrays, bit for bit)"
    )


def test_one_value_one_ulp_off(diff, arrays):
    """It is rounding, with how far and where; for a script it is a difference."""
    arrays["xcoords"][3] = np.nextafter(arrays["xcoords"][3], 99)
    ended = diff(arrays)
    assert (ended.code, verdict(ended)) == (1, "rounding")
    (line,) = [line for line in ended.out.splitlines() if line.startswith("  xcoords ")]
    assert line.split() == [
        "xcoords", "rounding", "(16,)", "<f8", "1", "of", "16", "1.42e-14", "1.81e-16", "1", "(3,)",
    ]  # fmt: skip


def test_a_permuted_frame_order(diff, arrays):
    """The frames are the same, and the line below the verdict says so."""
    order = np.roll(np.arange(16), 1)
    ended = diff({n: a[order] if n in PER_FRAME else a for n, a in arrays.items()})
    assert (ended.code, verdict(ended)) == (1, "different data")
    assert ended.out.splitlines()[1] == (
        "  the same diffraction in another order: 16 of 16 positions moved, and every array of "
        "positions with them"
    )


def test_a_changed_subset(fixtures):
    """Of two fixtures of one source, positions in common are counted and compared."""
    ended = fixtures("diff", OTHER, NAME)
    assert (ended.code, verdict(ended)) == (1, "different data")
    lines = ended.out.splitlines()
    # from the two lists of indices in the sidecars: 0, 344, 724 and 1086 are in both
    assert lines[1] == (
        "  another subset of the same source (subset_indices): 4 positions in both, 60 only in A, "
        "12 only in B; in those in both, every array of positions is the same"
    )
    assert "  generator_parameters.n_subset      64 -> 16" in lines, "the declaration is not shown"
    assert "  identical: objectGuess, probeGuess" in lines, "not said what stayed"


def test_a_changed_dtype(diff, arrays):
    """Both dtypes are shown, and that nothing but the dtype changed."""
    ended = diff(arrays | {"xcoords": arrays["xcoords"].astype("<f4")})
    assert (ended.code, verdict(ended)) == (1, "different data")
    assert "  xcoords  different  (16,)  <f8 -> <f4  -" in ended.out, "not both dtypes"
    assert "  xcoords: the values of A, cast; precision was lost" in ended.out.splitlines()


def test_an_added_array(diff, arrays):
    """It is said which side has it; the others are identical."""
    ended = diff(arrays | {"scan_index": np.zeros(16, "<i8")})
    assert (ended.code, verdict(ended)) == (1, "different data")
    (line,) = [line for line in ended.out.splitlines() if line.startswith("  scan_index ")]
    assert line.split()[:6] == ["scan_index", "only", "in", "B", "(16,)", "<i8"]


@pytest.fixture
def history(root, monkeypatch, arrays):
    """Two commits: the fixture as published, then with the sign of a coordinate changed."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    git(root, "init", "--quiet")
    git(root, "add", "dvc.lock", DATA.replace(".npz", ".json"))
    git(root, "commit", "--quiet", "--message", "published")
    cached(root, (root / DATA).read_bytes())
    arrays["xcoords"][0] *= -1
    republish(root, NAME, arrays, created="2030-01-01T00:00:00Z")
    return root


def test_an_older_revision(fixtures, history):
    """What a rebuild did to the data since the last commit, and to the record."""
    ended = fixtures("diff", f"HEAD:{NAME}", NAME)
    assert (ended.code, ended.err, verdict(ended)) == (1, "", "different data")
    lines = ended.out.splitlines()
    commit = git(history, "rev-parse", "HEAD")[:12]
    assert lines[1].endswith(f"  {NAME} as of commit {commit}"), "not said which commit"
    assert "  created          2026-11-23T00:00:00+00:00 -> 2030-01-01T00:00:00Z" in lines
    (line,) = [line for line in lines if line.startswith("  xcoords ")]
    assert line.split()[4:9] == ["1", "of", "16", "71.8", "2"], "not twice the coordinate"


def test_the_same_data_with_another_record(fixtures, history, arrays):
    """A record that changed around the same bytes is shown, and is no difference in data."""
    republish(history, NAME, registry.load(NAME, history), licence="MIT")
    git(history, "commit", "--quiet", "--all", "--message", "next")
    republish(history, NAME, registry.load(NAME, history), licence="CC0-1.0")
    ended = fixtures("diff", f"HEAD:{NAME}", NAME)
    assert ended.code == 0, "a difference in data"
    lines = ended.out.splitlines()
    assert lines[0] == (
        f"identical: HEAD:{NAME} -> {NAME} (the same bytes; the sidecar differs in 1)"
    )
    assert "  licence  MIT -> CC0-1.0" in lines, "the change is not shown"


@pytest.mark.parametrize(
    ("a", "code", "subject"),
    [
        ("nope", 2, "fixture nope"),
        ("nope:nope", 2, "revision nope"),
        ("HEAD:nope", 2, "fixture nope at HEAD"),
        ("nope.npz", 3, "nope.npz"),
        (f"HEAD:{OTHER}", 3, f"fixture {OTHER} at HEAD (commit "),
    ],
)
def test_what_cannot_be_read(fixtures, history, a, code, subject):
    """Wrong use and missing bytes have their own exit codes, and nothing is on stdout."""
    (history / f"{FOLDER}/{OTHER}.npz").unlink()
    ended = fixtures("diff", a, NAME)
    assert (ended.code, ended.out) == (code, ""), "another code, or something on stdout"
    assert ended.err.startswith(f"error: {subject}"), ended.err
    assert "  to mend:  " in ended.err, "no remedy"


def test_a_broken_fixture(fixtures, root):
    """Nothing is printed of bytes that break the chain."""
    path = root / DATA
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    ended = fixtures("diff", NAME, OTHER)
    assert (ended.code, ended.out) == (1, ""), "a comparison with bytes that are not pinned"
    assert f"fixture {NAME}: broken link sidecar -> bytes" in ended.err


def test_json(diff, arrays):
    """One document on stdout, with the exit code of the text."""
    arrays["ycoords"][5] = np.nan
    ended = diff(arrays, "--json")
    document = json.loads(ended.out)
    assert (ended.code, ended.err) == (1, ""), "not a clean end"
    assert (document["verdict"], document["same"]) == ("different data", False)
    assert (document["a"]["name"], document["a"]["verified"]) == (NAME, True)
    assert (document["b"]["name"], document["b"]["verified"]) == ("b.npz", False)
    (changed,) = [item for item in document["arrays"] if item["verdict"] != "identical"]
    assert (changed["name"], changed["first"], changed["not_finite"]) == ("ycoords", [5], 1)


def test_html(fixtures, root):
    """The page is written beside the text; the images are in it."""
    ended = fixtures("diff", OTHER, NAME, "--html", "page.html")
    assert (ended.code, verdict(ended)) == (1, "different data"), "the page changed the verdict"
    page = (root / "page.html").read_text(encoding="utf-8")
    assert "<h1>Different data</h1>" in page, "not the verdict"
    # positions of both over the scan, and then each array of positions
    assert page.count('<img src="data:image/svg+xml;base64,') == 5, "not a chart for each array"


def test_html_without_the_extra(fixtures, root, monkeypatch):
    """What has to be installed is said, and no page is left behind."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    ended = fixtures("diff", OTHER, NAME, "--html", "page.html")
    assert (ended.code, ended.out) == (3, ""), "not missing, or something on stdout"
    assert "to mend:  pip install 'fixture-registry[report]'" in ended.err
    assert not (root / "page.html").exists(), "a page without images"


def test_long_values_are_shortened(fixtures, history):
    """Digests by their first digits, lists by their ends."""
    ended = fixtures("diff", OTHER, NAME)
    assert "[0, 17, ... 1086] (64) -> [0, 72, ... 1086] (16)" in ended.out
    digests = [line for line in ended.out.splitlines() if "sha256_checksum" in line]
    assert len(digests[0].split()[1]) == 12, "not the first digits"
