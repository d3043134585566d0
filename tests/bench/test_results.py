"""Tests of `bench.results`."""

from __future__ import annotations

import pytest

from bench import results
from bench.results import Section, Verdict

NAMES = ["first", "second"]


def section(name: str, text: str) -> Section:
    """A section that has nothing but one paragraph."""
    return Section(name=name, title="what it costs", parts=[text])


def test_a_section_is_replaced_and_the_others_are_kept():
    """Running one benchmark leaves the figures of another alone."""
    text = results.merge("", section("first", "old figures"), NAMES)
    text = results.merge(text, section("second", "other figures"), NAMES)

    text = results.merge(text, section("first", "new figures"), NAMES)

    assert "old figures" not in text
    assert text.count("new figures") == 1
    assert text.count("other figures") == 1


def test_sections_stand_in_the_order_of_the_benchmarks():
    """The order of sections does not depend on what ran last."""
    text = results.merge("", section("second", ""), NAMES)

    text = results.merge(text, section("first", ""), NAMES)

    assert text.index("## first: what it costs") < text.index("## second: what it costs")


def test_the_section_of_a_benchmark_that_is_gone_is_dropped():
    """Figures that nothing can renew do not stay."""
    text = results.merge("", section("second", "stale"), NAMES)

    text = results.merge(text, section("first", ""), ["first"])

    assert "stale" not in text


def test_merging_the_same_section_again_changes_nothing():
    """The file does not grow from run to run."""
    once = results.merge("", section("first", "figures"), NAMES)
    once = results.merge(once, section("second", "figures"), NAMES)

    assert results.merge(once, section("second", "figures"), NAMES) == once


def test_a_section_ends_with_its_verdicts():
    """Each target has one line that says what was measured and whether that meets it."""
    verdict = results.at_most("loading", 1.3, 1.31, "× floor")
    shown = str(Section(name="first", title="t", parts=["table"], verdicts=[verdict]))

    assert shown.endswith(
        "table\n\n- loading: target ≤ 1.3 × floor, measured 1.31 × floor: **missed**.\n"
    )


@pytest.mark.parametrize(("measured", "met"), [(1.3, True), (1.3001, False)])
def test_a_limit_is_met_up_to_and_including_itself(measured, met):
    """The measured figure is compared as it is, not as it is shown."""
    verdict = results.at_most("loading", 1.3, measured, "× floor")

    assert verdict == Verdict(
        what="loading", target="≤ 1.3 × floor", measured="1.30 × floor", met=met
    )


def test_timings_stand_beside_the_floor():
    """Each row has its own spread, its distance from the floor, and its ratio to it."""
    times = {"floor": [0.001, 0.002, 0.003], "ours": [0.002, 0.003, 0.0045]}

    table = results.timings(times, floor="floor").splitlines()

    assert table[0] == ("| 3 rounds | min ms | median ms | max ms | over floor ms | × floor |")
    assert table[2] == "| floor | 1.00 | 2.00 | 3.00 | 0.00 | 1.00 |"
    assert table[3] == "| ours | 2.00 | 3.00 | 4.50 | 1.00 | 1.50 |"
