"""Tests of `tests.fuzz.campaign`: whatever a mutant does, it is found and named."""

from __future__ import annotations

import sys
from random import Random
from types import ModuleType

import pytest

from registry.errors import CheckError, RegistryError
from tests.fuzz import __main__ as command
from tests.fuzz import bad_target, campaign


def target(check) -> ModuleType:
    """A target whose mutants are four bytes, and whose reader is a function."""
    module = ModuleType("target")
    module.mutant = lambda random: random.randbytes(4)
    module.check = check
    return module


def refuse(**parts: str) -> RegistryError:
    """A refusal in four parts, with other ones."""
    return CheckError(**{"subject": "s", "expected": "x", "found": "y", "remedy": "z", **parts})


def test_a_mutant_follows_from_its_number():
    """The same target, seed and index give the same bytes; others give others."""
    some = target(None)
    first = campaign.mutant(some, 0, 1)
    assert campaign.mutant(some, 0, 1) == first, "not the same again"
    assert campaign.mutant(some, 0, 2) != first, "another index, the same mutant"
    assert campaign.mutant(some, 1, 1) != first, "another seed, the same mutant"


@pytest.mark.parametrize("name", [name for name in campaign.TARGETS if name != "cxi"])
def test_mutants_of_each_target(name):
    """Each target makes mutants, of which some differ."""
    mutants = {campaign.load(name).mutant(Random(seed)) for seed in range(20)}
    assert len(mutants) > 10, f"{len(mutants)} mutants of 20"


def test_what_is_accepted_and_what_is_refused():
    """To return is to accept, and an error in four parts is a refusal."""

    def check(data: bytes) -> None:
        raise refuse()

    assert campaign.attempt(target(lambda data: None), b"") is True
    assert campaign.attempt(target(check), b"") is False


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("x"), ValueError),
        (refuse(remedy=" "), AssertionError),
        (refuse(found=""), AssertionError),
        (refuse(found="x" * 30_000), AssertionError),
    ],
    ids=["traceback", "blank remedy", "nothing found", "endless"],
)
def test_what_is_no_refusal(error, kind):
    """Another error, and a message that lacks a part or cannot be shown, are findings."""

    def check(data: bytes) -> None:
        raise error

    with pytest.raises(kind):
        campaign.attempt(target(check), b"")


def test_whatever_a_mutant_does_is_found(capfd):
    """Tracebacks, deaths, memory and hangs are findings of their mutant; the others are tried."""
    figures = campaign.run("bad_target", seed=7, count=20, hang_s=1)
    deeds = [campaign.mutant(bad_target, 7, index).decode() for index in range(20)]
    assert set(deeds) == set(bad_target.DEEDS), f"the seed leaves some out: {deeds}"
    assert figures.accepted == deeds.count("accept"), f"others were not tried: {figures}"
    assert figures.refused == deeds.count("refuse"), f"others were not tried: {figures}"
    words = {
        "raise": "KeyError: 'one'",
        "die": "exit code 3",
        "take": "MemoryError",
        "hang": "no end within 1 s",
    }
    found = {finding.index: str(finding) for finding in figures.findings}
    assert sorted(found) == [n for n, deed in enumerate(deeds) if deed in words], f"{found}"
    for index, text in found.items():
        assert words[deeds[index]] in text, f"{deeds[index]}: {text}"
        again = f"python -m tests.fuzz bad_target --seed 7 --index {index}"
        assert again in text, f"how to see it again is not said: {text}"
    assert "bad_target.py" in capfd.readouterr().err, "where one hung is not said"


def test_the_command(monkeypatch, capsys):
    """A line for each target, its findings, and a status that says whether there are any."""
    monkeypatch.setattr(sys, "argv", ["fuzz", "npz", "foreign_npz", "--count", "20"])
    assert command.main() == 0, "findings"
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["npz", "20", "mutants:"], ["foreign_npz", "20", "mutants:"]
    ]  # fmt: skip


def test_the_command_shows_one_mutant(monkeypatch, capsys):
    """Its bytes, and what becomes of it."""
    monkeypatch.setattr(sys, "argv", ["fuzz", "npz", "--index", "0"])
    assert command.main() == 0
    shown = capsys.readouterr().out
    data = campaign.mutant(campaign.load("npz"), 0, 0)
    assert shown.startswith(f"{data}\n"), "not its bytes"
    assert shown.splitlines()[1].startswith(("refused: mutant", "accepted")), shown


def test_an_unknown_target(monkeypatch, capsys):
    """A target that there is not is said before anything is tried."""
    monkeypatch.setattr(sys, "argv", ["fuzz", "nonsense"])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert "no such target: nonsense" in capsys.readouterr().err
