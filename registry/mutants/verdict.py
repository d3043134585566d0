"""What became of a mistake: noticed, survived, or why neither can be said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from registry.mutants.children import Ended
from registry.mutants.journal import FAILED, PASSED, Journal, Ran

NOTICED, SURVIVED = "noticed", "survived"
# No test was given the arrays; the run came to no end that says anything; nothing to plant.
NOT_PLANTED, BROKE, NO_MISTAKE = "not planted", "broke", "no mistake here"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """An outcome, the test that is to be named with it, and a reason in one line."""

    outcome: str
    test: str = ""
    reason: str = ""


def judge(address: str, tests: Iterable[Ran], found: Journal, ended: Ended, log: str) -> Verdict:
    """What a run says of the mutant that has an address, and of the tests that were to run."""
    first = _first_failure(address, found)
    if first is not None:
        return first
    if ended.code is None:
        reason = f"it came to no end within {ended.seconds:.0f} s"
        return Verdict(outcome=BROKE, test=found.last_started, reason=reason)
    if found.code is None:
        return Verdict(outcome=BROKE, test=found.last_started, reason=_crash(ended.code))
    # all passed, a test failed after all, nothing was left to run
    if found.code not in (0, 1, 5):
        last = (log.splitlines() or [""])[-1]
        return Verdict(outcome=BROKE, reason=f"pytest ended with {found.code}: {last}")
    return _unnoticed(address, {test.name for test in tests}, found)


def _first_failure(address: str, found: Journal) -> Verdict | None:
    for ran in (*found.uncollected, *(test for test in found.tests if test.outcome == FAILED)):
        if address in ran.got:
            return Verdict(outcome=NOTICED, test=ran.name, reason=ran.reason)
        reason = f"without the mutated arrays: {ran.reason}"
        return Verdict(outcome=BROKE, test=ran.name, reason=reason)
    return None


def _crash(code: int) -> str:
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"the process ended there, with {how}"


def _unnoticed(address: str, tests: set[str], found: Journal) -> Verdict:
    """No test failed: but did any that passed have the mutated arrays?"""
    passed = tests & {test.name for test in found.tests if test.outcome == PASSED}
    others = [test for test in found.tests if test.outcome != PASSED]
    left_out = len(tests - passed)
    what = f"{left_out} of {len(tests)} tests did not run to their end"
    if others:
        what += f": {others[0].name}: {others[0].reason}"
    if any(address in test.got for test in found.tests if test.name in passed):
        return Verdict(outcome=SURVIVED, reason=what if left_out else "")
    if left_out == len(tests):
        return Verdict(outcome=BROKE, reason=what)
    return Verdict(outcome=NOT_PLANTED, reason="no test that passed was given the mutated arrays")
