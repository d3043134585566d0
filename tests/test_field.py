"""Tests of `registry.field`: how a field is found, and that the core knows none."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from registry import field
from registry.arrays.field import Arrays
from registry.errors import CheckError
from registry.ptychography.contracts import CONTRACTS
from tests.kit.repository import REPOSITORY

MINE = """\
from registry.arrays.field import Arrays


class Mine(Arrays):
    name = "{name}"


FIELD = Mine()
"""
# Commands of the field, which lie with the others.
OF_THE_FIELD = {"cli/profile.py", "cli/suggest.py"}
FIELDS = ("arrays", "ptychography", "training")


def test_what_a_field_need_not_say():
    """A field that has no large arrays and no figures says nothing of them."""
    plain = field.find("arrays")
    assert (plain.read_by_row({}), plain.meanings(), plain.source_arrays) == ((), {}, ())
    assert plain.compared(None, None) == (), "nothing is shown of two fixtures"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write the module of a field of a registry's own, which can then be imported."""
    monkeypatch.syspath_prepend(tmp_path)
    for cached in (field.find, field.of):
        cached.cache_clear()

    def write(name: str, text: str) -> Path:
        (tmp_path / "fields").mkdir(exist_ok=True)
        (tmp_path / "fields" / f"{name}.py").write_text(text)
        return tmp_path

    yield write
    for module in [name for name in sys.modules if name.partition(".")[0] == "fields"]:
        del sys.modules[module]
    for cached in (field.find, field.of):
        cached.cache_clear()


@pytest.mark.parametrize("name", ["arrays", "ptychography"])
def test_the_fields_of_this_package(name):
    """Each is found by its name, and names its suite of checks."""
    found = field.find(name)
    assert (found.name, found.suite) == (name, f"{name}_v1")


def test_a_field_of_a_registry(write):
    """A module of the registry's own is found where its top folder is given."""
    root = write("mine", MINE.format(name="mine"))
    assert field.module("mine", root) == "fields.mine"
    assert field.find("mine", root).suite == "mine_v1"


def test_to_look_runs_no_code_of_a_registry(write, monkeypatch):
    """Without the folder its module is not imported, and what is shown is the neutral field's."""
    root = write("mine", "raise SystemExit('it runs')")
    monkeypatch.chdir(root)
    assert field.of("mine").name == "arrays"


def test_a_field_that_is_installed(write, monkeypatch):
    """A package brings one by an entry point."""
    root = write("mine", MINE.format(name="far"))
    (root / "far.py").write_text(MINE.format(name="far"))
    entry = metadata.EntryPoint(name="far", value="far:FIELD", group=field.GROUP)
    monkeypatch.setattr(
        metadata, "entry_points", lambda *, group, name: [entry] if name == "far" else []
    )
    assert field.find("far").name == "far"
    assert field.of("far").name == "far"


def test_a_field_that_is_not_here_is_looked_for_once(monkeypatch):
    """A registry may have hundreds of fixtures of it."""
    asked = []
    monkeypatch.setattr(metadata, "entry_points", lambda *, group, name: asked.append(name) or [])
    field.of.cache_clear()
    assert [field.of("far").name for _ in range(3)] == ["arrays"] * 3
    assert asked == ["far"]
    field.of.cache_clear()


def test_a_field_of_this_package_goes_first(write):
    """Nobody else's module takes the place of one of these."""
    root = write("ptychography", "raise SystemExit('it runs')")
    assert field.module("ptychography", root) == "registry.ptychography.field"


@pytest.mark.parametrize("name", ["nowhere", "storage", "", "../a", "a.b", "Mine"])
def test_no_such_field(tmp_path, name):
    """The message says what a field has to be; a package of the core is none."""
    with pytest.raises(CheckError) as caught:
        field.find(name, tmp_path)
    error = caught.value
    assert error.subject == f"field {name}"
    assert error.expected == (
        f"a file fields/{name}.py; or a package that brings it, by an entry point of the group "
        "fixture_registry.fields"
    )
    assert error.remedy.startswith(f"write fields/{name}.py (docs/your-own-registry.md), ")
    assert field.of(name).name == "arrays", "nothing can be shown of it"


@pytest.mark.parametrize(
    ("text", "found"),
    [("", "none"), ("FIELD = 1", "none"), (MINE.format(name="other"), "one of the name 'other'")],
    ids=["empty", "no field", "another name"],
)
def test_a_module_without_its_field(write, text, found):
    """The message says what has to be in it."""
    root = write("mine", text)
    with pytest.raises(CheckError) as caught:
        field.find("mine", root)
    assert caught.value.expected == "FIELD in fields.mine, a registry.field.Field of the name mine"
    assert caught.value.found == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named"),
        ("class Mine(:", "SyntaxError: invalid syntax"),
        ("from registry.field import Field\nFIELD = type('Mine', (Field,), {})()", "TypeError: "),
    ],
    ids=["imports", "no Python", "incomplete"],
)
def test_a_module_that_cannot_be_imported(write, text, found):
    """What is wrong with it is said in a sentence."""
    root = write("mine", text)
    with pytest.raises(CheckError) as caught:
        field.find("mine", root)
    assert caught.value.expected == "a module fields.mine that can be imported"
    assert caught.value.found.startswith(found)


def test_the_suite_of_a_field():
    """A new name is a new suite; what says its own keeps it, and so does what has its name."""
    first = type("First", (Arrays,), {"name": "first"})
    later = type("Later", (first,), {"name": "later", "suite": "later_v2"})
    same = type("Same", (later,), {})
    assert (first.suite, later.suite, same.suite) == ("first_v1", "later_v2", "later_v2")


def core() -> list[Path]:
    """Modules of the core."""
    package = REPOSITORY / "registry"
    return [
        path
        for path in package.rglob("*.py")
        if path.relative_to(package).parts[0] not in FIELDS
        and path.relative_to(package).as_posix() not in OF_THE_FIELD
    ]


def test_no_module_of_the_core_names_an_array_of_a_field():
    """Nor the field's module: whatever is true of any arrays is said without them."""
    names = {array.name for contract in CONTRACTS.values() for array in contract.arrays}
    # two that are words of everybody's
    names -= {"Y", "label"}
    word = re.compile(rf"\b({'|'.join([*sorted(names), 'ptychography'])})\b")
    modules = core()
    assert len(modules) > 100, "the core is not read"
    found = {
        path.relative_to(REPOSITORY).as_posix(): sorted(set(word.findall(path.read_text())))
        for path in modules
    }
    assert {path: named for path, named in found.items() if named} == {}
