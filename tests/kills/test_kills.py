"""Tests of what killed commands leave, a kill each; `make kills` does many more."""

from __future__ import annotations

import os
import sys

import pytest

from tests.kills.commands import COMMANDS, REGISTRY, Command
from tests.kills.killing import measure

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="elsewhere nobody is killed so"),
]


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_half_and_nothing_is_left(name, tmp_path):
    """A killed command leaves no half of a file, and nothing that the next run does not end."""
    result = measure(name, tmp_path, count=1, seed=0)
    assert result.killed + result.ended == 1, "not as many kills"
    assert result.findings == [], "\n".join(result.findings)


SLOPPY = """
import pathlib, secrets, time
aside = pathlib.Path(f".{secrets.token_hex(8)}.tmp")
aside.touch()
with open("a.npz", "w") as file:
    file.write("half")
    file.flush()
    time.sleep(0.5)
    file.write(" and the other half")
aside.unlink()
"""


def test_what_would_be_found(tmp_path, monkeypatch):
    """Half of a file under its name is, and what the next run does not take away."""

    def make(place, _):
        (place / REGISTRY).mkdir()

    command = Command(make, lambda _: [sys.executable, "-c", SLOPPY])
    monkeypatch.setitem(COMMANDS, "sloppy", command)
    result = measure("sloppy", tmp_path, count=3, seed=0)
    found = "\n".join(result.findings)
    assert "registry/a.npz: neither as before nor as after" in found, found
    assert ".tmp: is left" in found, found
