"""What came out for each mistake, and as documents for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from registry.errors import printable
from registry.mutants.mutant import Mutant
from registry.mutants.verdict import BROKE, NO_MISTAKE, NOT_PLANTED, NOTICED, SURVIVED, Verdict

_SUITE = "fixtures mutants"
# What JUnit calls them. A mistake that no test could have noticed is neither passed nor failed.
_ELEMENTS = {SURVIVED: "failure", NOT_PLANTED: "error", BROKE: "error", NO_MISTAKE: "skipped"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A mutant, and what became of it."""

    mutant: Mutant
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """How many mistakes were noticed, of those that change anything."""

    noticed: int
    of: int

    @property
    def percent(self) -> float:
        """Of nothing, nothing was noticed."""
        return 100 * self.noticed / self.of if self.of else 0.0

    def __str__(self) -> str:
        # rounded down: 100 % is all of them
        return f"noticed {self.noticed} of {self.of} mistakes ({int(self.percent)} %)"


def score(results: Sequence[Result]) -> Score:
    """Count what was noticed."""
    outcomes = [result.verdict.outcome for result in results]
    return Score(noticed=outcomes.count(NOTICED), of=len(outcomes) - outcomes.count(NO_MISTAKE))


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """A JSON document of all mutants, in the order in which the field names its mistakes."""
    total = score(results)
    return {
        "noticed": total.noticed,
        "of": total.of,
        "percent": total.percent,
        "mutants": [
            {
                "fixture": result.mutant.address,
                "mistake": result.mutant.mistake.name,
                "outcome": result.verdict.outcome,
                "test": result.verdict.test,
                "reason": result.verdict.reason,
                "meaning": result.mutant.mistake.meaning,
                "remedy": result.mutant.mistake.test,
            }
            for result in results
        ],
    }


def as_junit(results: Sequence[Result]) -> bytes:
    """A JUnit document, with a test case for each mutant; one that survived has failed."""
    kinds = [_ELEMENTS.get(result.verdict.outcome, "") for result in results]
    suite = ElementTree.Element(
        "testsuite",
        name=_SUITE,
        tests=str(len(results)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped=str(kinds.count("skipped")),
    )
    for result, kind in zip(results, kinds, strict=True):
        mutant, verdict = result.mutant, result.verdict
        name = mutant.mistake.name
        case = ElementTree.SubElement(suite, "testcase", classname=mutant.fixture.name, name=name)
        if kind:
            said = ": ".join(filter(None, [verdict.outcome, verdict.test, verdict.reason]))
            element = ElementTree.SubElement(case, kind, message=printable(said))
            element.text = printable(f"{mutant.mistake.meaning}\n{mutant.mistake.test}")
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()
