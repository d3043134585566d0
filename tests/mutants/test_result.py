"""Tests of what came out, as documents."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from registry.mutants import result
from registry.mutants.result import Result
from registry.mutants.verdict import Verdict

OUTCOMES = ("noticed", "survived", "not planted", "broke", "no mistake here")


@pytest.fixture
def results(project):
    """One mutant of each outcome, whose tests say what no terminal and no XML takes."""
    names = ("nan", "scaled", "truncated", "transposed", "byte_order")
    return [
        Result(
            mutant=project.mutant(name),
            verdict=Verdict(outcome=outcome, test="test_it", reason="<&>\x1b\x00\ud800"),
        )
        for name, outcome in zip(names, OUTCOMES, strict=True)
    ]


def test_the_score(results):
    """What neither was noticed nor survived counts, but for mistakes that are none."""
    found = result.score(results)
    assert str(found) == "noticed 1 of 4 mistakes (25 %)", "another count"


def test_the_score_of_nothing(results):
    """Where no mistake is one, nothing was noticed."""
    assert result.score(results[4:]).percent == 0, "a part of nothing"


def test_json(results):
    """Each mutant with its outcome, and what it means."""
    document = json.loads(json.dumps(result.as_json(results)))
    assert (document["noticed"], document["of"], document["percent"]) == (1, 4, 25), "the count"
    assert [item["outcome"] for item in document["mutants"]] == [*OUTCOMES], "the outcomes"
    first = document["mutants"][0]
    assert first["fixture"].startswith("tones_v1@sha256:"), "no address"
    assert (first["mistake"], first["test"]) == ("nan", "test_it"), "another mistake"
    assert first["meaning"] == "one value is not a number", "not what it means"
    assert first["remedy"] == "assert numpy.isfinite(array).all()", "not what would notice it"


def test_junit(results):
    """A test case for each mutant: what survived has failed, and nothing in it breaks XML."""
    root = ElementTree.fromstring(result.as_junit(results))
    (suite,) = root
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "2", "skipped": "1"}, "the counts"
    kinds = [[element.tag for element in case] for case in suite]
    assert kinds == [[], ["failure"], ["error"], ["error"], ["skipped"]], "the elements"
    assert suite[1].get("classname") == "tones_v1", "not the fixture"
    assert suite[1].get("name") == "scaled", "not the mistake"
    message = suite[1][0].get("message")
    assert message == r"survived: test_it: <&>\x1b\x00\ud800", "another message"
