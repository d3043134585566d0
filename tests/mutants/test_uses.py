"""Tests of which test uses which fixture, as far as no run of pytest is needed."""

from __future__ import annotations

import sys

import pytest

from registry.mutants.uses import Place, Uses

ONE, TWO = "tests/test_a.py::test_one", "tests/test_a.py::test_two"


@pytest.fixture
def uses():
    """Nothing used yet."""
    return Uses()


def used(uses, test, *fixtures):
    """Addresses that a test uses."""
    return uses.of_test(test, fixtures)[0]


def test_within_a_test(uses):
    """What a test asks for is the test's, and no other's."""
    with uses.within(Place("test", ONE)):
        uses.handed_out("a")
    assert uses.of_test(ONE, ()) == ({"a"}, {"a"}), "not used, or not got"
    assert used(uses, TWO) == set(), "used by another"


def test_a_name_that_begins_as_another(uses):
    """`test_one` is not above `test_one_more`."""
    with uses.within(Place("test", ONE)):
        uses.handed_out("a")
    assert used(uses, f"{ONE}_more") == set(), "taken for a part of it"


def test_within_a_pytest_fixture(uses):
    """It is used by all tests below that have the pytest fixture."""
    with uses.within(Place("test", ONE)), uses.within(Place("fixture", "tests", "shared")):
        uses.handed_out("a")
    assert used(uses, TWO, "shared") == {"a"}, "not used by who has it"
    assert used(uses, TWO) == set(), "used by who does not have it"
    assert used(uses, "other/test_b.py::test", "shared") == set(), "used where it cannot be seen"


@pytest.mark.parametrize("scope", ["", "."])
def test_a_pytest_fixture_of_the_top(uses, scope):
    """One of a plugin or of the topmost conftest is seen everywhere."""
    with uses.within(Place("fixture", scope, "shared")):
        uses.handed_out("a")
    assert used(uses, "other/test_b.py::test", "shared") == {"a"}, "not seen"


def test_while_a_file_is_collected(uses):
    """It is used by all tests of the file."""
    with uses.collecting("tests/test_a.py", "/somewhere/tests/test_a.py"):
        uses.handed_out("a")
    assert uses.of_collection("tests/test_a.py") == {"a"}, "not the file's"
    assert used(uses, ONE) == {"a"}, "not used by its tests"
    assert used(uses, "tests/test_b.py::test") == set(), "used by tests of another file"


def imported(tmp_path, monkeypatch, uses):
    """Import a module, new to this process, which asks for a fixture."""
    (tmp_path / "asks_for_a_fixture.py").write_text("import sys\nsys.uses.handed_out('a')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "uses", uses, raising=False)
    monkeypatch.delitem(sys.modules, "asks_for_a_fixture", raising=False)
    __import__("asks_for_a_fixture")


def test_while_a_helper_is_imported(tmp_path, monkeypatch, uses):
    """Who imports it later has the fixture, too, and asks for nothing: it may be any test."""
    with uses.within(Place("test", ONE)):
        imported(tmp_path, monkeypatch, uses)
    assert used(uses, "other/test_b.py::test") == {"a"}, "only for who was first"


def test_the_collected_file_itself_is_imported(tmp_path, monkeypatch, uses):
    """Its tests alone have what it loads."""
    with uses.collecting("test_a.py", str(tmp_path / "asks_for_a_fixture.py")):
        imported(tmp_path, monkeypatch, uses)
    assert used(uses, "test_a.py::test") == {"a"}, "not the file's"
    assert used(uses, "test_b.py::test") == set(), "for all tests"


def test_setting_up(uses):
    """What is handed out to nobody while a test is set up is named for it, and not got."""
    with uses.within(Place("test", ONE)), uses.setting_up(ONE):
        uses.handed_out("a")
    assert uses.of_test(ONE, ()) == ({"a"}, set()), "got, or not even named"


def test_arrays_are_looked_at_while_setting_up(uses):
    """Whoever looks at arrays has them."""
    with uses.within(Place("test", ONE)), uses.setting_up(ONE):
        uses.looked_at("a")
    assert uses.of_test(ONE, ()) == ({"a"}, {"a"}), "not got"
