"""What commands say of bytes that are not here: one word, and one exit code."""

from __future__ import annotations

import json

import pytest

from tests.kit.files import flip
from tests.kit.repository import FOLDER

NAME, OTHER = "minimal_dataset_v1_n16", "minimal_dataset_v1"
DATA = f"{FOLDER}/{NAME}.npz"


@pytest.fixture(autouse=True)
def _unread(monkeypatch):
    """Pages without pictures, made in this process."""
    monkeypatch.setattr("registry.report.build._cores", lambda: 1)
    monkeypatch.setattr("registry.report.pages.fixture", lambda *arguments: {})


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (["verify", NAME], f"MISSING {NAME}  (7 links hold)"),
        (["report", NAME], f"MISSING {NAME}  (drawn)"),
        (["pull", "--offline", NAME], f"MISSING  {NAME}"),
    ],
)
def test_commands_that_need_them(fixtures, root, command, line):
    """They say MISSING, and end with the exit code of what is missing."""
    (root / DATA).unlink()
    ended = fixtures(*command)
    assert (ended.code, ended.out.splitlines()[0]) == (3, line), ended
    assert f"fixtures pull {NAME}" in ended.err.partition("to mend:")[2], "not what brings them"


def test_a_document(fixtures, root):
    """The JSON has the same word and the same code."""
    (root / DATA).unlink()
    ended = fixtures("verify", "--json", NAME)
    (found,) = json.loads(ended.out)["fixtures"]
    assert (ended.code, found["exit_code"], found["verdict"]) == (3, 3, "MISSING"), found


def test_a_comparison(fixtures, root):
    """A command that has nothing to say without them ends with the same code."""
    (root / DATA).unlink()
    ended = fixtures("diff", OTHER, NAME)
    assert (ended.code, ended.out) == (3, ""), ended


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["list"], "checked  MISSING: fixtures pull\n"),
        (["show", NAME], "bytes, MISSING: fixtures pull)\n"),
    ],
)
def test_commands_that_do_not_need_them(fixtures, root, command, said):
    """They say the same word, and are content."""
    (root / DATA).unlink()
    ended = fixtures(*command)
    assert ended.code == 0, "it needs no bytes"
    assert said in ended.out, ended.out


@pytest.mark.parametrize("command", [["verify"], ["report"]])
def test_a_broken_fixture_goes_before_a_missing_one(fixtures, root, command):
    """The exit code of what is missing says that nothing is wrong, so here it is the other."""
    (root / DATA).unlink()
    flip(root / DATA.replace(NAME, OTHER))
    ended = fixtures(*command, OTHER, NAME)
    assert ended.code == 1, "not the code of what is wrong"
    words = [line.split()[0] for line in ended.out.splitlines()[:2]]
    assert words == ["BROKEN", "MISSING"], ended.out


def test_a_broken_link_goes_before_missing_bytes(fixtures, root):
    """So it does within one fixture."""
    (root / DATA).unlink()
    with (root / "generators" / "subset_v1.py").open("a") as file:
        file.write("# edited\n")
    ended = fixtures("verify", NAME)
    assert (ended.code, ended.out) == (1, f"BROKEN  {NAME}  (6 links hold)\n"), ended
    assert f"error: fixture {NAME}: broken link generator -> sidecar\n" in ended.err
    assert f"error: fixture {NAME}: bytes\n" in ended.err, "the missing bytes are not named"
