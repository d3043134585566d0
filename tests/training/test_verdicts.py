"""Tests of `registry.training.verdicts`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.declare import params
from registry.training.verdicts import judge
from tests.kit.envelope import SETTINGS, results
from tests.kit.repository import REPOSITORY

BUDGETS = params.load(REPOSITORY).envelope.budgets


def missed(found) -> dict[str, str]:
    """What was found of each budget that was missed."""
    verdicts = judge("v1_g1", found, BUDGETS, SETTINGS)
    return {verdict.what: verdict.error.found for verdict in verdicts if verdict.error}


def test_the_budgets_of_the_requirements():
    """Exactly at each of them nothing is missed; each has its figure beside it."""
    at_most = {
        "train_wall_s": 25.0, "train_peak_rss_bytes": 2e9, "artifact_bytes": 100e6,
    }  # fmt: skip
    cpu = ({"train_cpu_s": 20.0}, {"train_cpu_s": 20.0}, {"train_cpu_s": 22.0})
    found = results(*(at_most | each for each in cpu))
    assert missed(found) == {}, "missed, though kept"
    verdicts = judge("v1_g1", found, BUDGETS, SETTINGS)
    assert [(each.what, each.measured, each.budget, each.note) for each in verdicts] == [
        ("train_target_s", "25.0 s", "25 s", "12.5 × import torch beside it"),
        ("train_limit_s", "25.0 s", "45 s", ""),
        ("train_spread_percent", "10.0 %", "10 %", ""),
        ("peak_rss_mb", "2000.0 MB", "2000 MB", ""),
        ("artifacts_mb", "100.0 MB", "100 MB", ""),
        ("repeats", "identical", "identical", ""),
        ("settings", "as declared", "as declared", ""),
    ]


@pytest.mark.parametrize(
    ("repeats", "what", "found"),
    [
        ([{"train_wall_s": 25.1}] * 2, "train_target_s", "25.1 s, 12.6 × import torch beside it"),
        ([{}, {}, {"train_wall_s": 45.1}], "train_limit_s", "45.1 s"),
        ([{}, {}, {"train_cpu_s": 10.0}], "train_spread_percent", "11.1 %"),
        ([{}, {"train_peak_rss_bytes": 2000.1e6}], "peak_rss_mb", "2000.1 MB"),
        ([{"infer_peak_rss_bytes": 2100e6}, {}], "peak_rss_mb", "2100.0 MB"),
        ([{}, {"artifact_bytes": 100.1e6}], "artifacts_mb", "100.1 MB"),
    ],
)
def test_a_budget_that_is_missed(repeats, what, found):
    """The target by the median, the limits by any repeat, and no other budget."""
    assert missed(results(*repeats)) == {what: found}


def test_the_message():
    """Four parts; a program that waited for the processor is told apart from one that worked."""
    slow = {"train_wall_s": 30.0, "train_cpu_s": 29.0}
    error = judge("v1_g1", results(slow), BUDGETS, SETTINGS)[0].error
    assert str(error) == (
        "v1_g1: train_target_s\n"
        "  expected: at most 25 s\n"
        "  found:    30.0 s, 15.0 × import torch beside it\n"
        "  to mend:  make it faster: fixtures train writes seconds by phase to train.json"
    ), "another message"
    busy = judge("v1_g1", results(slow | {"train_cpu_s": 15.0}), BUDGETS, SETTINGS)[0].error
    assert busy.remedy == "measure when nothing else runs: the processor worked 50% of that time"


def test_repeats_that_differ_and_settings_that_changed():
    """Either is an error, whatever the figures."""
    assert missed(replace(results(), identical=False)) == {"repeats": "different"}
    other = replace(results(), settings=SETTINGS | {"max_epochs": 3, "code": "0"})
    assert missed(other) == {"settings": "changed since, max_epochs 2, not 3, code 1, not 0"}
