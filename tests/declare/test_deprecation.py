"""Tests of `registry.declare.deprecation`, and of the entries in ``params.yaml`` that it reads."""

from __future__ import annotations

import warnings

import pytest

import registry
from registry import files
from registry.declare import deprecation, params
from registry.declare.deprecation import Deprecation, FixtureDeprecationWarning
from registry.errors import CheckError
from tests.kit import repository

NAME = "minimal_dataset_v1_n16"
ENTRY = f"""
deprecated:
  {NAME}:
    reason: too few positions for gridsize 4
    successor: minimal_dataset_v1
"""


@pytest.fixture
def declare(root):
    """Add text to the end of the registry's ``params.yaml``."""

    def add(text: str) -> None:
        with (root / "params.yaml").open("a") as file:
            file.write(text)

    return add


def test_a_load_warns_once(root, declare):
    """One load gives one warning, with the reason and the successor, at the caller's line."""
    declare(ENTRY)
    with pytest.warns(FixtureDeprecationWarning) as caught:
        fixture = registry.load(NAME, root)
    assert [str(item.message) for item in caught] == [
        "fixture minimal_dataset_v1_n16 is deprecated: too few positions for gridsize 4; "
        "use minimal_dataset_v1"
    ], "not one warning with reason and successor"
    assert caught[0].filename == __file__, "the warning is not at the caller's line"
    assert fixture.diffraction.shape == (16, 64, 64), "a deprecated fixture is not served"


def test_a_program_that_loads_it_often_is_told_once(root, declare):
    """Python's default filter shows the warning once for each line that loads the fixture."""
    declare(ENTRY)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            registry.load(NAME, root)
    assert len(caught) == 1, "the same line warned more than once"


def test_others_do_not_warn(root, declare):
    """A fixture without an entry loads in silence: here, warnings are errors."""
    declare(ENTRY)
    warnings.simplefilter("error")
    assert registry.load("minimal_dataset_v1", root).name == "minimal_dataset_v1"


def test_our_own_tests_may_use_what_is_deprecated(root, declare):
    """Warnings are errors in this suite; this one is shown, or nothing could be deprecated."""
    declare(ENTRY)
    with warnings.catch_warnings(record=True) as caught:
        registry.load(NAME, root)
    assert [item.category for item in caught] == [FixtureDeprecationWarning], "not shown"


def test_what_is_deprecated_here_is_not_in_copies_of_the_declaration(monkeypatch, tmp_path):
    """Tests declare deprecations of their own in them."""
    text = repository.params()
    (tmp_path / "params.yaml").write_text(f"{text}{ENTRY}\nenvelope: {{}}\n")
    monkeypatch.setattr(repository, "REPOSITORY", tmp_path)
    assert repository.params().split() == f"{text}envelope: {{}}\n".split(), "not the rest"


def test_a_successor_may_be_absent(root, declare):
    """Without a successor the message has the reason alone."""
    declare(f"deprecated: {{{NAME}: {{reason: its probe is wrong}}}}\n")
    found = deprecation.find(root, NAME)
    assert found == Deprecation(name=NAME, reason="its probe is wrong", successor=None)
    assert str(found) == "fixture minimal_dataset_v1_n16 is deprecated: its probe is wrong"


def test_an_entry_that_comes_later_counts(root, declare):
    """The file is read again once it has changed."""
    assert deprecation.find(root, NAME) is None, "deprecated before it was declared"
    declare(ENTRY)
    assert deprecation.find(root, NAME) is not None, "the new entry is not seen"


@pytest.mark.parametrize(
    "text",
    [
        "- a list\n",
        "deprecated: everything\n",
        "deprecated: {minimal_dataset_v1_n16: since long}\n",
        "deprecated: [1\n",
        "a: *nothing\n",
        "\0",
    ],
)
def test_what_is_no_declaration_deprecates_nothing(root, text):
    """A file that the pipeline would refuse keeps nobody from loading what is pinned."""
    (root / "params.yaml").write_text(text)
    assert deprecation.find(root, NAME) is None, "something is deprecated"


def test_a_repository_that_imports(root):
    """Where there is no declaration, nothing is deprecated."""
    (root / "params.yaml").unlink()
    assert deprecation.find(root, NAME) is None, "something is deprecated"


@pytest.fixture
def problems(root, declare):
    """What is wrong with the registry's declaration once text is added to it."""
    (root / "generators" / "file_v1.py").touch()

    def found(text: str) -> list[str]:
        declare(text)
        try:
            params.load(root)
        except CheckError as error:
            return error.found.split("\n            ")
        return []

    return found


def test_a_good_entry(problems):
    """A reason and a declared successor are what the schema wants."""
    assert problems(ENTRY) == [], "a good entry is refused"


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ("other_v1: {reason: bad}",
         'deprecated.other_v1: expected a declared fixture; found "other_v1"'),
        (f"{NAME}: {{reason: bad, successor: other_v1}}",
         f'deprecated.{NAME}.successor: expected a declared fixture; found "other_v1"'),
        (f"{NAME}: {{reason: bad, successor: run1084_twin}}",
         f'deprecated.{NAME}.successor: expected a declared fixture; found "run1084_twin"'),
        (f"{NAME}: {{successor: minimal_dataset_v1}}",
         f"deprecated.{NAME}.reason: expected a value; found none"),
        (f'{NAME}: {{reason: ""}}', f'deprecated.{NAME}.reason: expected minLength 1; found ""'),
        (f"{NAME}: {{reason: 1}}", f"deprecated.{NAME}.reason: expected string; found 1"),
        (f"{NAME}: {{reason: bad, successor: [minimal_dataset_v1]}}",
         f'deprecated.{NAME}.successor: expected string; found ["minimal_dataset_v1"]'),
        (f"{NAME}: {{reason: bad, since: 2026}}",
         f"deprecated.{NAME}.since: expected one of the known keys (reason, successor); "
         'found key "since"'),
        (f"{NAME}: bad", f'deprecated.{NAME}: expected object; found "bad"'),
    ],
)  # fmt: skip
def test_a_bad_entry(problems, entries, problem):
    """Each mistake gives one message, with the dotted path, the rule and the value."""
    assert problems(f"deprecated: {{{entries}}}\n") == [problem], "not the one message expected"


def test_a_reason_that_is_no_text(tmp_path):
    """Lists of lists of aliases, which as text would fill the memory, are no reason."""
    lists = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    bomb = f"a0: &a0 [x]\n{lists}deprecated: {{x_v1: {{reason: *a29, successor: *a29}}}}\n"
    (tmp_path / "params.yaml").write_text(bomb)
    assert deprecation.find(tmp_path, "x_v1") == Deprecation(
        name="x_v1", reason="", successor=None
    ), "another deprecation"


def test_a_declaration_is_read_once(tmp_path, monkeypatch):
    """As long as the file stays as it is, however many fixtures ask; and anew when it changes."""
    path = tmp_path / "params.yaml"
    path.write_text("deprecated: {a_v1: {reason: old}}\n")
    read, asked = files.read, []
    monkeypatch.setattr(deprecation.files, "read", lambda path: asked.append(path) or read(path))
    found = [deprecation.find(tmp_path, name) for name in ("a_v1", "b_v1", "a_v1")]
    assert [item and item.reason for item in found] == ["old", None, "old"]
    assert asked == [path], "it was read for each of them"
    path.write_text("deprecated: {a_v1: {reason: older}}\n")
    assert deprecation.find(tmp_path, "a_v1").reason == "older"
    path.unlink()
    assert deprecation.find(tmp_path, "a_v1") is None
