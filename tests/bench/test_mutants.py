"""Tests of `bench.mutants`."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from bench import mutants
from bench.timing import ROOT
from registry.errors import CheckError, UsageError

# subtracted the wrong way round it does not end, and takes no time of others
SEEN = """\
def down(number, step, wait):
    while number > step:
        wait()
        number -= step
    return number
"""
# tested above the limit alone, where an error of one in the limit is not seen
BLIND = """\
def large(number):
    return number > 100
"""


def made(text: str) -> list[tuple[str, str, str]]:
    """Kind, what is replaced and by what, of each mutant of a module."""
    found = mutants.mutants("toy/module.py", dedent(text).encode())
    return [(mutant.kind, mutant.old, mutant.new) for mutant in found]


@pytest.fixture
def toy(tmp_path, monkeypatch) -> Path:
    """A checkout of a package of three modules, one of them without tests."""
    # by name, because loading all that happens to be installed takes most of the time of each run
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")
    texts = {
        "toy/__init__.py": "",
        "toy/seen.py": SEEN,
        "toy/blind.py": BLIND,
        "toy/alone.py": "ANSWER = 42\n",
        "tests/test_seen.py": """\
            import time

            from toy import seen

            def test_down():
                assert seen.down(3, 1, lambda: time.sleep(0.01)) == 1
            """,
        "tests/test_blind.py": """\
            import pytest

            from toy import blind

            def test_answer():
                assert blind.large(1000) is not None

            @pytest.mark.slow
            def test_large():
                assert blind.large(1000)
            """,
    }
    for name, text in texts.items():
        path = tmp_path / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    (tmp_path / "checkout" / "pytest.ini").write_text("[pytest]\nmarkers = slow\n")
    return tmp_path / "checkout"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", ("comparison", "a < b", "(a >= b)")),
        ("a is not None", ("comparison", "a is not None", "(a is None)")),
        ("a not in b", ("comparison", "a not in b", "(a in b)")),
        ("a * b", ("arithmetic", "a * b", "(a / b)")),
        ("a += b", ("arithmetic", "a += b", "a -= b")),
        ("-a", ("arithmetic", "-a", "(+(a))")),
        ("a and b and c", ("and/or", "a and b and c", "(a or b or c)")),
        ("not a", ("not", "not a", "(a)")),
        ("if a: pass", ("not", "a", "(not (a))")),
        ("while a: pass", ("not", "a", "(not (a))")),
        ("[b for b in c if b]", ("not", "b", "(not (b))")),
        ("a[0]", ("constant + 1", "0", "1")),
        ("0.5", ("constant + 1", "0.5", "1.5")),
        ("def f():\n    return a", ("return None", "a", "None")),
        ("'ü'; a == b", ("comparison", "a == b", "(a != b)")),
    ],
)
def test_each_kind_of_fault_is_made(text, expected):
    """There is one fault for each thing that a module asks, computes, fixes or answers."""
    assert made(text) == [expected]


def test_each_comparison_of_a_chain_is_turned_by_itself():
    """A lower limit and an upper one are two places."""
    assert [new for _, _, new in made("a < b <= c")] == ["(a >= b <= c)", "(a < b > c)"]


def test_what_a_condition_joins_is_negated_one_by_one():
    """Each bare value of a condition is a place, a comparison and a negated one have their own."""
    assert made("1 if a and b > c and not d else e")[1:] == [
        ("not", "a", "(not (a))"),
        ("and/or", "a and b > c and not d", "(a or b > c or (not d))"),
        ("comparison", "b > c", "(b <= c)"),
        ("not", "not d", "(d)"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        '"""Docstring: 1 < 2."""',
        "a: Literal[1] = b",
        "def f(a: Literal[1]) -> Literal[2]: pass",
        "@dataclass(frozen=not a)\nclass A: pass",
        "if TYPE_CHECKING:\n    a = 1",
        "if __name__ == '__main__':\n    a(1)",
        "raise broken(a + 1)",
        "errors.CheckError(a, found=b[1])",
        "Failure(found=a[1])",
        "warnings.warn(a, stacklevel=2)",
        "_log.info(a + 1)",
        "f'{a + 1}'",
        "a + ', ' + b",
        "def f(): return None",
    ],
)
def test_what_nothing_should_hold_is_left_alone(text):
    """No fault is made in messages, annotations, decorators and code for type checkers."""
    assert made(text) == []


def test_mutants_of_a_real_module_can_be_read_by_python():
    """A fault leaves a module's grammar whole, whatever stands around its place."""
    module = "registry/compare/array_difference.py"
    source = (ROOT / module).read_bytes()
    found = mutants.mutants(module, source)
    assert len(found) > 100
    for mutant in found:
        ast.parse(mutant.of(source))
        assert mutant.of(source) != source, mutant


def test_modules_are_found_in_folders_and_by_name(toy):
    """A folder stands for its modules, each of which is measured once."""
    assert mutants.find(toy, ["toy/seen.py", "toy"]) == [
        "toy/seen.py", "toy/__init__.py", "toy/alone.py", "toy/blind.py",
    ]  # fmt: skip


def test_every_module_that_is_measured_has_a_test_file_of_its_own():
    """A module without one has only survivors, and a renamed one is not measured at all."""
    measured = [
        module
        for module in mutants.find(ROOT, mutants.TARGETS)
        if mutants.mutants(module, (ROOT / module).read_bytes())
    ]
    assert len(measured) > 20
    assert [name for name in measured if not (ROOT / mutants.tests_of(name)).is_file()] == []


def test_a_target_that_is_gone_is_an_error(toy):
    """A module that was renamed does not drop out of the measurement in silence."""
    with pytest.raises(UsageError, match="target toy/gone"):
        mutants.find(toy, ["toy/gone"])


@pytest.mark.slow
def test_a_blind_test_is_told_from_one_that_sees(toy):
    """What no test notices survives; a mutant that hangs does not; nor does what slow tests see."""
    before = {path: path.read_bytes() for path in toy.rglob("*") if path.is_file()}

    result = mutants.measure(toy, ["toy"], count=100, seed=1, jobs=2, patience=1)

    assert [f"{mutant.module} {mutant.old} -> {mutant.new}" for mutant in result.survivors] == [
        "toy/alone.py 42 -> 43",
        "toy/blind.py 100 -> 101",
    ]
    assert len(result.tried) == 7
    assert result.missing == ["tests/test_alone.py"]
    assert {path: path.read_bytes() for path in toy.rglob("*") if path.is_file()} == before
    assert str(result) == dedent(
        """\
        | module | mutants | killed |
        | --- | ---: | ---: |
        | toy/alone.py | 1 | 0 |
        | toy/blind.py | 3 | 2 |
        | toy/seen.py | 3 | 3 |

        no test file: tests/test_alone.py
        survived: toy/alone.py:1 constant + 1: 42 -> 43; that is: ANSWER = 43
        survived: toy/blind.py:2 constant + 1: 100 -> 101; that is: return number > 101
        5 of 7 killed (71.4%), target at least 95%: missed"""
    )


@pytest.mark.parametrize(("survivors", "met"), [(1, True), (2, False)])
def test_of_twenty_mutants_one_may_survive(survivors, met):
    """95 % is enough, and less is not."""
    (mutant,) = mutants.mutants("toy/alone.py", b"ANSWER = 42")
    result = mutants.Result(tried=[mutant] * 20, survivors=[mutant] * survivors, missing=[])

    assert result.met is met


@pytest.mark.parametrize(
    ("module", "killed", "code"), [("alone", "0 of 1", 1), ("none", "0 of 0", 0)]
)
def test_the_exit_code_says_whether_enough_was_killed(toy, capsys, module, killed, code):
    """The command ends with 1 where too many survive, also where nothing can kill them."""
    (toy / "toy" / "none.py").write_text("")

    assert mutants.main([f"toy/{module}.py", "--jobs", "1"], toy) == code

    assert f"{killed} killed" in capsys.readouterr().out


def test_no_more_mutants_are_tried_than_asked_for(toy):
    """The count holds over all modules together."""
    (toy / "toy" / "alone.py").write_text("ANSWERS = 1, 2, 3, 4, 5")

    assert len(mutants.measure(toy, ["toy/alone.py"], count=3, seed=1, jobs=1).tried) == 3


def test_tests_that_fail_by_themselves_measure_nothing(toy):
    """Mutants are not called killed by a test that fails without them."""
    (toy / "tests" / "test_blind.py").write_text("def test_nothing():\n    assert False\n")

    with pytest.raises(CheckError, match=r"tests tests/test_blind\.py"):
        mutants.measure(toy, ["toy/blind.py"], count=1, seed=1, jobs=1)
