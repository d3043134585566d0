"""Tests of the suite itself: nothing in it depends on a variable that a stranger has set."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.kit.environment import KEPT, SET, TOLD, clean, environment
from tests.kit.repository import REPOSITORY

# What somebody may have set, by what it reaches. `{folder}` holds files as unhelpful as these.
STRANGERS = {
    # numbers
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_L2_SIZE": "131072",
    "OPENBLAS_NUM_THREADS": "3",
    "MKL_CBWR": "COMPATIBLE",
    "MKL_NUM_THREADS": "3",
    "OMP_NUM_THREADS": "3",
    "NPY_DISABLE_CPU_FEATURES": "AVX2",
    # Python
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "1084",
    "PYTHONPATH": "{folder}",
    "PYTHONUNBUFFERED": "1",
    "PYTHONWARNINGS": "always",
    # git
    "GIT_AUTHOR_DATE": "2001-02-03T04:05:06+07:00",
    "GIT_CONFIG_GLOBAL": "{folder}/gitconfig",
    "GIT_DIR": "{folder}",
    "GIT_INDEX_FILE": "{folder}/index",
    "GIT_TRACE": "1",
    # DVC
    "DVC_EXP_AUTO_PUSH": "true",
    "DVC_GLOBAL_CONFIG_DIR": "{folder}",
    "DVC_ROOT": "{folder}",
    "XDG_CONFIG_HOME": "{folder}",
    # pytest
    "PYTEST_ADDOPTS": "--tb=short",
    # words and how they look
    "COLUMNS": "33",
    "FORCE_COLOR": "1",
    "LANGUAGE": "de",
    "LC_ALL": "POSIX",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "TZ": "XYZ-5:45",
    # the network
    "AWS_PROFILE": "strangers",
    "http_proxy": "http://127.0.0.1:9",
    # this registry
    "FIXTURES_BUILD": "{folder}/build",
    "FIXTURES_CACHE": "{folder}/cache",
    "FIXTURES_OFFLINE": "1",
    "FIXTURES_REGISTRY": "{folder}",
    "FIXTURE_REGISTRY": "{folder}",
}
# Of each kind of what a test does: commands in this process and in others, git, pytest in pytest,
# servers, numbers.
REPRESENTATIVE = (
    "tests/kit/test_environment.py::test_nothing_of_a_stranger_is_left",
    "tests/cli/test_git_diff.py::test_a_rebuilt_fixture",
    "tests/cli/test_list.py",
    "tests/cli/test_merge_lock.py::test_git_merges_two_additions",
    "tests/cli/test_pull.py",
    "tests/compare/test_published.py",
    "tests/generators/test_exact_v1.py",
    "tests/plugin/test_pytest_plugin.py::TestHeader",
    "tests/plugin/test_pytest_plugin.py::TestMissing::test_a_failure_where_it_must_be_there[marker-CI]",
    "tests/storage/test_clone.py::test_a_branch_that_moved",
    "tests/storage/test_root.py",
    "tests/test_console.py",
    "tests/test_imports.py::test_listing_fixtures_imports_nothing_heavy",
)


@pytest.mark.slow
def test_in_a_strangers_environment(tmp_path):
    """Tests of each kind pass whatever is set, with another umask, in a folder of any name."""
    folder = tmp_path / "a stranger's folder"
    folder.mkdir()
    (folder / "gitconfig").write_text("[commit]\n\tgpgsign = true\n[init]\n\tdefaultBranch = x\n")
    (folder / "config").write_text(f"['cache']\n    dir = {folder}\n    type = symlink\n")
    for package in ("registry", "generators", "tests"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text("raise ImportError('not the one')\n")
    strangers = {name: value.format(folder=folder) for name, value in STRANGERS.items()}
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *REPRESENTATIVE],
        cwd=REPOSITORY,
        env={**os.environ, **strangers, "TMPDIR": str(folder)},
        umask=0o077,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_nothing_of_a_stranger_is_left():
    """Neither this process has what was set, nor one that a test starts."""
    for variables in (os.environ, environment(REPOSITORY)):
        left = {name for name, value in STRANGERS.items() if variables.get(name) == value}
        assert left == set()


def test_what_is_removed_and_set():
    """A variable that is in no table goes, even one that nobody has thought of."""
    variables = {"PATH": "/bin", "CI": "true", "COLUMNS": "33", "NEW_IN_2030": "1"}
    clean(variables)
    assert variables == {
        "PATH": "/bin",
        "CI": "true",
        **{name: value for name, (value, _) in SET.items()},
    }
    assert variables["COLUMNS"] == "80"


def test_what_a_process_is_given(tmp_path, monkeypatch):
    """Not what the suite alone is told; and `python` and `dvc` are those of this interpreter."""
    monkeypatch.setenv("CI", "true")
    given = environment(tmp_path, MINE="1")
    assert given["MINE"] == "1"
    assert given["HOME"] == str(tmp_path / "home")
    assert given["PATH"].split(os.pathsep)[0] == os.path.dirname(sys.executable)  # noqa: PTH120
    assert given.keys() & TOLD.keys() == set()


def test_every_variable_has_its_reason():
    """No table names a variable twice, and each says why."""
    assert KEPT.keys() & TOLD.keys() | KEPT.keys() & SET.keys() | TOLD.keys() & SET.keys() == set()
    assert all([*KEPT.values(), *TOLD.values(), *(reason for _, reason in SET.values())])
