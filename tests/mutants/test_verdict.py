"""Tests of what is said of a mistake, after a run on the mutant."""

from __future__ import annotations

import pytest

from registry.mutants.children import Ended
from registry.mutants.journal import Journal, Ran
from registry.mutants.verdict import Verdict, judge

ADDRESS = "tones_v1@sha256:abc"


def ran(name, outcome, reason="", *, got=(ADDRESS,)):
    """A test that uses the fixture."""
    return Ran(
        name=name,
        file=name,
        outcome=outcome,
        reason=reason,
        uses=frozenset([ADDRESS]),
        got=frozenset(got),
    )


ONE, TWO = ran("one", "passed"), ran("two", "passed")


def judged(*tests, uncollected=(), code=0, ended=0, log=""):
    """The verdict on a run of two tests, both of which pass on the sound fixture."""
    found = Journal(tests=list(tests), uncollected=list(uncollected), last_started="one", code=code)
    return judge(ADDRESS, [ONE, TWO], found, Ended(code=ended, seconds=9), log)


def test_a_test_that_fails_notices():
    """The first that failed is named, with its reason."""
    found = judged(ran("one", "failed", "assert 1 == 2"), code=1)
    assert found == Verdict(outcome="noticed", test="one", reason="assert 1 == 2")


def test_all_passed():
    """The mistake survived tests that had it before them."""
    assert judged(ONE, TWO) == Verdict(outcome="survived"), "not survived"


def test_a_file_that_cannot_be_collected_notices():
    """Where it had loaded the mutant itself."""
    found = judged(uncollected=[ran("test_it.py", "failed", "ValueError")], code=2)
    assert found == Verdict(outcome="noticed", test="test_it.py", reason="ValueError")


def test_a_file_that_cannot_be_collected_for_another_reason():
    """What failed before it had the mutant has not noticed it."""
    found = judged(uncollected=[ran("test_it.py", "failed", "no module", got=())], code=2)
    assert (found.outcome, found.test) == ("broke", "test_it.py"), "noticed, or survived"


def test_a_test_that_fails_without_the_mutant():
    """It fails for another reason, and has not noticed it."""
    found = judged(ran("one", "failed", "flaky", got=()), code=1)
    assert found == Verdict(outcome="broke", test="one", reason="without the mutated arrays: flaky")


def test_nobody_got_the_arrays():
    """Tests that pass without having had the mutant say nothing of it."""
    found = judged(ran("one", "passed", got=()), ran("two", "passed", got=()))
    assert found.outcome == "not planted", "survived tests that did not have it"


def test_another_test_was_skipped():
    """One test that passes is enough to survive it; the other is named, and counted."""
    found = judged(ONE, ran("two", "other", "no frames"))
    reason = "1 of 2 tests did not run to their end: two: no frames"
    assert found == Verdict(outcome="survived", reason=reason), found


def test_the_only_test_with_the_arrays_was_skipped():
    """One that passes without the mutant is none that it survived."""
    found = judged(ran("one", "passed", got=()), ran("two", "other", "no frames"))
    assert found.outcome == "not planted", found


def test_all_were_skipped():
    """What was skipped has not passed."""
    found = judged(ran("one", "other", "no frames"), ran("two", "other", "no frames"))
    reason = "2 of 2 tests did not run to their end: one: no frames"
    assert found == Verdict(outcome="broke", reason=reason), found


def test_none_was_there():
    """Tests that are not there under the mutant have not passed."""
    found = judged(code=5, ended=5)
    assert found == Verdict(outcome="broke", reason="2 of 2 tests did not run to their end")


def test_a_test_that_was_not_to_run():
    """One that is there only under the mutant cannot stand in for one of the sound run."""
    assert judged(ran("three", "passed"), code=0).outcome == "broke", "another test's pass counted"


@pytest.mark.parametrize(
    ("code", "reason"), [(7, "exit code 7"), (-11, "signal 11")], ids=["exit", "signal"]
)
def test_a_crash(code, reason):
    """The process ended within a test: nothing was noticed, and nothing survived."""
    expected = f"the process ended there, with {reason}"
    found = judged(ONE, code=None, ended=code)
    assert found == Verdict(outcome="broke", test="one", reason=expected), found


def test_no_end():
    """The child was stopped because its time was over."""
    found = judged(code=None, ended=None)
    expected = Verdict(outcome="broke", test="one", reason="it came to no end within 9 s")
    assert found == expected, found


@pytest.mark.parametrize("code", [2, 3, 4])
def test_pytest_itself_failed(code):
    """An interruption, an internal error, wrong use: the last line of what it printed is told."""
    found = judged(ONE, TWO, code=code, ended=code, log="one\nERROR: two")
    expected = f"pytest ended with {code}: ERROR: two"
    assert found == Verdict(outcome="broke", reason=expected), found
