"""What a release is made of: a version and a day that all name, and notes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
import yaml

from registry.errors import CheckError
from tests.kit.repository import REPOSITORY

SCRIPT = REPOSITORY / ".ci" / "release_notes.py"
URL = "https://host/owner/name/blob/v1.2.0"
CHANGES = """# Changelog

## 1.2.0 - 2026-12-24

- New, as [a page](docs/a.md#b) and [another site](https://example.org) say.

## 1.1.0 - 2026-12-23

- Old.
"""


def release_notes():
    """The script, imported."""
    spec = importlib.util.spec_from_file_location("release_notes", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def top(tmp_path):
    """A project that is ready."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    (tmp_path / "CITATION.cff").write_text("version: 1.2.0\ndate-released: 2026-12-24\n")
    return tmp_path


def refused(top, tag="v1.2.0"):
    """The parts of the error that a project ends with."""
    with pytest.raises(CheckError) as caught:
        release_notes().notes(top, tag, URL)
    return caught.value.parts


def test_notes(top):
    """They are what the changelog has below the version's heading, with links that lead there."""
    assert release_notes().notes(top, "v1.2.0", URL) == (
        f"- New, as [a page]({URL}/docs/a.md#b) and [another site](https://example.org) say.\n"
    )


def test_another_tag(top):
    """It is not the version's."""
    assert refused(top, "v1.1.0") == {
        "subject": "tag v1.1.0",
        "expected": "v1.2.0, which pyproject.toml has",
        "found": "another version",
        "remedy": "set version in pyproject.toml and tag that commit, or name the tag so",
    }


@pytest.mark.parametrize(
    ("heading", "found"),
    [
        ("## 1.2.0, unreleased", "## 1.2.0, unreleased, ## 1.1.0 - 2026-12-23"),
        ("## Unreleased", "## Unreleased, ## 1.1.0 - 2026-12-23"),
        ("## 1.2.0 - soon", "## 1.2.0 - soon, ## 1.1.0 - 2026-12-23"),
        ("## 11200 - 2026-12-24", "## 11200 - 2026-12-24, ## 1.1.0 - 2026-12-23"),
    ],
)
def test_a_changelog_that_is_not_closed(top, heading, found):
    """The version has no day."""
    (top / "CHANGELOG.md").write_text(CHANGES.replace("## 1.2.0 - 2026-12-24", heading))
    assert refused(top) == {
        "subject": "CHANGELOG.md",
        "expected": "one heading ## 1.2.0 - YYYY-MM-DD",
        "found": found,
        "remedy": "write the day of the release there, and in CITATION.cff",
    }


def test_one_that_is_open_for_the_next(top):
    """What comes after the release is none of its notes."""
    text = CHANGES.replace("## 1.2.0", "## Unreleased\n\n- Newer.\n\n## 1.2.0")
    (top / "CHANGELOG.md").write_text(text)
    assert "Newer" not in release_notes().notes(top, "v1.2.0", URL)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("version: 1.1.0\ndate-released: 2026-12-24\n", "version 1.1.0, date-released 2026-12-24"),
        ("version: 1.2.0\ndate-released: 2026-12-23\n", "version 1.2.0, date-released 2026-12-23"),
        ("version: 1.2.0\n", "version 1.2.0, date-released None"),
    ],
)
def test_another_citation(top, text, found):
    """It cites something else."""
    (top / "CITATION.cff").write_text(text)
    assert refused(top) == {
        "subject": "CITATION.cff",
        "expected": "version 1.2.0, date-released 2026-12-24",
        "found": found,
        "remedy": "write there what CHANGELOG.md has",
    }


def test_this_version():
    """Here everything names the one that is installed, and the script prints its notes."""
    import registry

    command = [sys.executable, str(SCRIPT), f"v{registry.__version__}", URL]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("First version.\n\n- Fixtures `minimal_dataset_v1`")
    assert f"]({URL}/docs/regenerate.md#a-certificate)" in ended.stdout
    command[2] = "v0.0.0"
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (CheckError.exit_code, "")
    assert ended.stderr.startswith("error: tag v0.0.0\n")


def test_who_may_do_what():
    """The job that publishes is known to PyPI, does nothing else, and waits for all checks."""
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/release.yml").read_text())
    jobs = workflow["jobs"]
    assert workflow["permissions"] == {"contents": "read"}
    assert {name: job.get("permissions") for name, job in jobs.items()} == {
        "build": None,
        "publish": {"id-token": "write"},
        "release": {"contents": "write"},
    }
    assert (jobs["publish"]["needs"], jobs["release"]["needs"]) == ("build", "publish")
    assert not any("run" in step for step in jobs["publish"]["steps"]), "code of ours, with a token"
    assert [step["run"] for step in jobs["build"]["steps"] if "run" in step][-1] == ".ci/run"
