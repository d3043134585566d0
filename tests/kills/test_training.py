"""Tests of interrupted trainings, a few; `python -m tests.kills train` does many more."""

from __future__ import annotations

import sys

import pytest

from tests.kills import training

pytestmark = pytest.mark.slow


def test_an_interrupted_training_ends_and_goes_on(tmp_path):
    """By whichever signals at whichever moment, with each logger."""
    result = training.measure(tmp_path, count=2, seed=1)
    assert sum(result.codes.values()) == 2, "not as many signals"
    assert result.findings == [], "\n".join(result.findings)


SLOPPY = """
import json, pathlib, signal, sys, time
run = pathlib.Path(sys.argv[sys.argv.index("--output-dir") + 1])
is_first, is_again = run.name == "whole", (run / "begun").exists()
run.mkdir(exist_ok=True)
(run / "begun").touch()
if HANGS:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if not is_again:
    time.sleep(0.5 if is_first else 60)
(run / ".half").touch()
(run / "train.json").write_text(json.dumps({"losses": [is_again]}))
"""


@pytest.mark.parametrize(
    ("hangs", "words"),
    [(True, ["hangs"]), (False, ["goes on to other losses", "leaves .half"])],
)
def test_what_would_be_found(hangs, words, tmp_path, monkeypatch):
    """A training that ignores signals, and one that goes on otherwise and leaves something."""
    program = SLOPPY.replace("HANGS", str(hangs))
    monkeypatch.setattr(training, "PROGRAM", (sys.executable, "-c", program))
    monkeypatch.setattr(training, "LIMIT_S", 3)
    result = training.measure(tmp_path, count=1, seed=0)
    assert [word in found for word, found in zip(words, result.findings, strict=True)] == [
        True
    ] * len(words), result.findings
