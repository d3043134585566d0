"""Tests of `registry.errors`."""

from __future__ import annotations

import copy
import pickle

import pytest

from registry import errors
from registry.errors import ChainError, CheckError, RegistryError

KINDS = [
    (errors.CheckError, 1),
    (errors.ChainError, 1),
    (errors.ArchiveError, 1),
    (errors.UsageError, 2),
    (errors.MissingError, 3),
    (errors.AbsentBytesError, 3),
    (errors.LockedError, 4),
]


def make(kind: type[RegistryError]) -> RegistryError:
    """An error of a kind, each part different."""
    return kind("array a", expected="float32", found="float64", remedy="convert it")


def test_a_message_has_four_parts():
    """Subject, expected, found and remedy each have a line of the message."""
    assert str(make(CheckError)) == (
        "array a\n  expected: float32\n  found:    float64\n  to mend:  convert it"
    ), "the message is not the four parts, one a line"


@pytest.mark.parametrize(("kind", "code"), KINDS)
def test_each_kind_has_its_exit_code(kind, code):
    """What went wrong can be told from the exit code alone."""
    assert make(kind).exit_code == code, f"{kind.__name__} has another exit code"


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS])
def test_every_kind_is_a_registry_error(kind):
    """One except clause catches all errors raised on purpose."""
    assert issubclass(kind, RegistryError), f"{kind.__name__} escapes `except RegistryError`"


def test_an_error_with_another_part():
    """It is of the same kind, and all other parts stay."""
    error = make(ChainError).but(remedy="rebuild it")
    assert type(error) is ChainError
    assert error.parts == {
        "subject": "array a",
        "expected": "float32",
        "found": "float64",
        "remedy": "rebuild it",
    }


@pytest.mark.parametrize(
    ("kind", "said", "needs_clone"),
    [
        (errors.MissingError, {}, False),
        (errors.UsageError, {}, False),
        (errors.ArchiveError, {}, True),
        (errors.MissingError, {"needs_clone": True}, True),
        (errors.CheckError, {"needs_clone": False}, False),
    ],
)
def test_who_can_mend_it(kind, said, needs_clone):
    """What breaks a rule is mended in a clone, all else where it is said; copies know it, too."""
    error = kind("array a", expected="x", found="y", remedy="z", **said)
    for one in (error, error.but(found="w"), copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert one.needs_clone is needs_clone, one


def test_a_broken_chain_is_a_failed_check():
    """Who catches failed checks catches broken chains, too."""
    assert issubclass(ChainError, CheckError), "a broken chain is no failed check"


@pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS])
def test_an_error_survives_the_way_from_a_worker_process(kind, copied):
    """Pickled and back, an error has the same kind, parts and message."""
    error = make(kind)
    back = copied(error)
    assert type(back) is kind, "the kind changed"
    assert (back.subject, back.expected, back.found, back.remedy) == (
        "array a",
        "float32",
        "float64",
        "convert it",
    ), "a part was lost"
    assert str(back) == str(error), "the message changed"


HIDDEN = {
    "\x1b[31m": r"\x1b[31m",
    "\x9b31m": r"\x9b31m",
    "\r": r"\r",
    "\b\x7f": r"\x08\x7f",
    "\u202e\u2066\u200f": r"\u202e\u2066\u200f",
    "\u2028": r"\u2028",
    "\0": r"\x00",
    "\ud800": r"\ud800",
    "\U000e0041": r"\U000e0041",
}


@pytest.mark.parametrize(("text", "shown"), HIDDEN.items())
def test_what_a_terminal_would_obey_is_shown(text, shown):
    """Control, direction and half characters are escaped; letters of all scripts are not."""
    assert errors.printable(f"é 漢 {text}\n\tא") == f"é 漢 {shown}\n\tא"


@pytest.mark.parametrize("part", ["subject", "expected", "found", "remedy"])
def test_a_message_steers_no_terminal(part):
    """Whoever prints an error, a traceback too, prints it so; its parts stay what they are."""
    error = make(CheckError).but(**{part: "a\x1b[2J"})
    assert r"a\x1b[2J" in str(error), "raw"
    assert error.parts[part] == "a\x1b[2J", "the part changed"


def test_errors_that_differ_in_their_subject_alone():
    """They are one error of all of them; others, and texts, stay in their places."""
    same = {"expected": "float32", "found": "float64", "remedy": "convert it"}
    found = errors.grouped([
        CheckError("array a", **same), "a text", CheckError("array b", **same), "a text",
        ChainError("array c", **same), CheckError("array d", **{**same, "found": "int8"}),
    ])  # fmt: skip
    assert [str(item).partition("\n  exp")[0] for item in found] == [
        "array a\n       array b", "a text", "a text", "array c", "array d",
    ]  # fmt: skip
    assert [type(item) for item in found] == [CheckError, str, str, ChainError, CheckError]
