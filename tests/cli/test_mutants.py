"""Tests of `fixtures mutants`, on made-up results and on a small suite."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from bench import scratch
from registry.arrays import mistakes
from registry.arrays.mistakes import MISTAKES
from tests.kit import processes, registries
from tests.kit.environment import environment
from tests.kit.files import NULL, make_device, tree
from tests.kit.processes import LIMIT_S, run
from tests.kit.repository import REPOSITORY

ARRAYS = {"tones_v1": {"frames": np.ones((1, 3), "<f4"), "rate": np.array(7.0)}}
# Mistakes that the suite notices and lets pass, and one that is none where there is one row.
TWO, NONE = ("transposed", "scaled"), ("permuted_rows",)
# of a field that nobody knows
SUITE = """
def test_it(load_fixture):
    assert load_fixture("tones_v1").frames.shape == (1, 3)
"""
FAILS = "\ndef test_that_fails():\n    assert 0, 'no'\n"
HANGS = """
import pathlib, time

def test_it(load_fixture):
    if load_fixture("tones_v1").frames.dtype != "<f4" or load_fixture("tones_v1").frames.max() != 1:
        pathlib.Path("hangs").touch()
        time.sleep(60)
"""


@pytest.fixture
def root(tmp_path):
    """A registry of one fixture that has rows enough for few mistakes, and a suite in it."""
    root = tmp_path / "registry"
    root.mkdir()
    scratch.write(root, ARRAYS)
    registries.rewrite(
        root,
        "tones_v1",
        lambda sidecar: sidecar.update(field="audio", audio=sidecar.pop("ptychography")),
    )
    (root / "test_it.py").write_text(SUITE)
    return root


@pytest.fixture
def variables(tmp_path):
    """Variables of a process that keeps its temporary files to itself."""
    (tmp_path / "tmp").mkdir()
    return environment(
        tmp_path,
        TMPDIR=str(tmp_path / "tmp"),
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        PYTEST_PLUGINS="fixture_registry.pytest_plugin",
        PYTHONDONTWRITEBYTECODE="1",
    )


@pytest.fixture
def mutants(fixtures, variables, monkeypatch):
    """Run the command in this process, with some mistakes of the field; its children are real."""
    for name in set(os.environ) - set(variables):
        monkeypatch.delenv(name)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setattr("tempfile.tempdir", variables["TMPDIR"])

    def call(*arguments, planted=NONE):
        kept = tuple(mistake for mistake in MISTAKES if mistake.name in planted)
        monkeypatch.setattr(mistakes, "MISTAKES", kept)
        return fixtures("mutants", *arguments)

    return call


def test_what_is_printed(root, variables, tmp_path):
    """A line for each mistake, what survives and what would notice it, and the count."""
    before = tree(root, ".")
    ended = run(processes.fixtures("mutants"), root, variables)
    assert (ended.returncode, ended.stderr) == (0, ""), "not a clean end"
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("on sound fixtures: none of 1 tests fails, in "), "not the sound run"
    assert lines[1] == "tones_v1: used by 1 of them", "not the fixture"
    said = "noticed          tones_v1: transposed      test_it.py::test_it: assert (3, 1) == (1, 3)"
    assert said in lines, ended.stdout
    assert "no mistake here  tones_v1: permuted_rows" in lines, ended.stdout
    assert lines[-4:] == [
        "  tones_v1: byte_order",
        "    the bytes of each value were read from the wrong end",
        "    test: assert the range, or a value that is known from elsewhere",
        "noticed 1 of 5 mistakes (20 %)",
    ], ended.stdout
    assert tree(root, ".") == before, "the registry was changed"
    assert list((tmp_path / "tmp").iterdir()) == [], "files were left behind"


def test_fail_under(mutants):
    """Exit code 1 where a smaller part is noticed than was asked for, if by little."""
    assert mutants("--fail-under", "50.1", planted=TWO).code == 1, "another exit code"


def test_a_field_without_mistakes(mutants):
    """Nothing is planted and nothing noticed, which is too little where a part is asked for."""
    assert mutants("--fail-under", "1", planted=()).code == 1, "a part of nothing"


def test_documents(mutants, root):
    """JSON and JUnit are written where they are wanted, in the order of the mistakes."""
    ended = mutants("--json", "out.json", "--junit", "out.xml", planted=(*TWO, *NONE))
    assert ended.code == 0, "not a clean end"
    document = json.loads((root / "out.json").read_bytes())
    names = [item["mistake"] for item in document["mutants"]]
    assert names == ["permuted_rows", "transposed", "scaled"], "another order"
    (suite,) = ElementTree.fromstring((root / "out.xml").read_bytes())
    assert [case.get("name") for case in suite] == names, "other test cases"


def test_json_is_printed(mutants):
    """With `-` it is all that stdout has; what is told meanwhile goes to stderr."""
    options = ("--jobs", "1", "--fail-under", "50", "--json", "-")
    ended = mutants(*options, "--", "-k", "test_it", planted=TWO)
    assert ended.code == 0, "half of the mistakes are half of them"
    assert json.loads(ended.out)["of"] == 2, "not the document alone"
    assert "noticed 1 of 2 mistakes" in ended.err, "nothing is told"


def test_a_test_that_fails(mutants, root):
    """What notices nothing is not held against mistakes."""
    (root / "test_it.py").write_text(SUITE + FAILS)
    ended = mutants()
    assert (ended.code, ended.out) == (1, ""), "not a failed check"
    assert ended.err == (
        "error: fixtures mutants: the tests on sound fixtures\n"
        "  expected: every test to pass, as one that fails already notices nothing\n"
        "  found:    1 that fail, first test_it.py::test_that_fails: AssertionError: no\n"
        "  to mend:  mend it, or leave it out: fixtures mutants -- --deselect "
        "test_it.py::test_that_fails\n"
    ), ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--", "--deselect", "test_it.py::test_that_fails", "-q"),
        ("test_it.py", "-k", "not fails"),
    ],
    ids=["after two dashes", "after a file"],
)
def test_options_of_pytest(mutants, root, arguments):
    """What follows two dashes, or the first that is no option: here one that leaves a test out."""
    (root / "test_it.py").write_text(SUITE + FAILS)
    ended = mutants(*arguments)
    assert (ended.code, ended.err) == (0, ""), "not passed on"


def test_no_test_uses_a_fixture(mutants, root):
    """That is wrong use."""
    (root / "test_it.py").write_text("def test_it(): pass\n")
    ended = mutants()
    assert (ended.code, ended.out) == (2, ""), "not wrong use"
    assert "found:    none of 1 does\n" in ended.err, ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--jobs", "0"),
        ("--jobs", "-1"),
        ("--jobs", "two"),
        ("--jobs", "1001"),
        ("--fail-under", "nan"),
        ("--fail-under", "inf"),
        ("--fail-under", "101"),
        ("--fail-under", "-1"),
        ("--fail-under", "all"),
    ],
    ids=" ".join,
)
def test_options_out_of_range(mutants, arguments):
    """The message says what may be given; nothing is run."""
    ended = mutants(*arguments)
    assert (ended.code, ended.out) == (2, ""), "not wrong use"
    assert f"expected a {'whole ' * (arguments[0] == '--jobs')}number from" in ended.err or (
        "expected one argument" in ended.err
    ), ended.err


@pytest.mark.parametrize("option", ["--json", "--junit"])
def test_a_link_is_no_output(mutants, root, option):
    """It is neither replaced nor written through, and is refused before anything runs."""
    (root / "file").write_text("precious")
    (root / "link").symlink_to("file")
    ended = mutants(option, "link")
    assert (ended.code, ended.out) == (2, ""), "not refused at once"
    assert ended.err.startswith("error: output link\n"), ended.err
    assert (root / "file").read_text() == "precious", "written through"


def test_a_device_is_an_output(mutants, root):
    """The null device is written to, and is still one afterwards."""
    make_device(root / "null", NULL)
    ended = mutants("--json", "null")
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert (root / "null").is_char_device(), "the device was replaced"


def test_without_pytest(root, variables):
    """The command says what is missing."""
    code = (
        "import importlib.util as util, sys\n"
        "real = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'pytest' else real(name, *rest)\n"
        "from registry.cli import main\n"
        "sys.exit(main(['mutants']))"
    )
    ended = run([processes.fixtures()[0], "-c", code], root, variables)
    assert (ended.returncode, ended.stdout) == (3, ""), "not the exit code of what is missing"
    assert "to mend:  pip install pytest\n" in ended.stderr, ended.stderr


@pytest.fixture
def wheel(tmp_path):
    """A folder in which the package lies as its wheel is installed, its files on record."""
    site = tmp_path / "site"
    ignored = shutil.ignore_patterns("__pycache__")
    for package in ("registry", "fixture_registry"):
        shutil.copytree(REPOSITORY / package, site / package, ignore=ignored)
    information = site / "fixture_registry-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Name: fixture-registry\nVersion: 0.1.0\n")
    (information / "entry_points.txt").write_text(
        "[pytest11]\nfixture_registry = fixture_registry.pytest_plugin\n"
    )
    files = [str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()]
    (information / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    return site


@pytest.mark.slow
def test_a_project_that_has_the_wheel_alone(root, tmp_path, wheel):
    """Its warnings are errors, it distributes its tests, and it has a folder of our name."""
    project = tmp_path / "project"
    (project / "registry").mkdir(parents=True)
    (project / "pytest.ini").write_text(
        "[pytest]\nfixtures_registry = ../registry\nfilterwarnings = error\naddopts = -n auto\n"
    )
    (project / "test_it.py").write_text(
        f"import registry\n\nassert registry.__file__.startswith({str(wheel)!r})\n{SUITE}"
    )
    command = [processes.fixtures()[0], "-P", *processes.fixtures("mutants")[1:]]
    ended = run(command, project, environment(tmp_path, PYTHONPATH=str(wheel)))
    assert (ended.returncode, ended.stderr) == (0, ""), "not a clean end"
    assert ended.stdout.endswith("noticed 1 of 5 mistakes (20 %)\n"), ended.stdout


def test_ctrl_c_leaves_nothing(root, variables, tmp_path):
    """Neither a process nor a file; the exit code is that of an interruption."""
    (root / "test_it.py").write_text(HANGS)
    started = subprocess.Popen(
        processes.fixtures("mutants"),
        cwd=root,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (root / "hangs").exists():
        assert started.poll() is None, "it ended too soon"
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=LIMIT_S)
    assert (started.returncode, err) == (130, "interrupted\n"), "not an interruption"
    assert list((tmp_path / "tmp").iterdir()) == [], "files were left behind"
    assert not _mentions(str(tmp_path)), "a process was left behind"


def _mentions(text):
    """Command lines of processes that name a path."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        # else it has just ended
        with suppress(OSError):
            line = file.read_text()
            if text in line and file.parent.name != str(os.getpid()):
                found.append(line)
    return found
