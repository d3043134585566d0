"""What git makes of files in a clone on Windows, where it may give them other ends of lines."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import registry
from registry.errors import ChainError
from registry.identity import pins
from tests.kit.environment import environment
from tests.kit.files import contents
from tests.kit.processes import fixtures, git, succeed
from tests.kit.repository import REPOSITORY, files
from tests.kit.upstream import Upstream

pytestmark = pytest.mark.slow

# As the installer of Git for Windows sets it, unless it is told otherwise.
WINDOWS = ("-c", "core.autocrlf=true", "-c", "core.eol=crlf")


def cloned(path: Path, folder: Path) -> Path:
    """A clone as git makes it on Windows."""
    git(folder, *WINDOWS, "clone", "--quiet", str(path), str(folder / "clone"))
    return folder / "clone"


@pytest.fixture
def laid(tmp_path):
    """What `fixtures init` makes, in a folder of a repository, committed."""
    top = tmp_path / "theirs"
    top.mkdir()
    git(top, "init", "--quiet")
    succeed(fixtures("init", "data", "--field", "ptychography"), top, environment(tmp_path))
    return top


def test_this_repository(tmp_path):
    """Each of its files is the same in any clone."""
    top = tmp_path / "copy"
    for path in files():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / path, top / path)
    git(top, "init", "--quiet")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message", "all")
    made = contents(cloned(top, tmp_path))
    assert {os.fspath(path): (REPOSITORY / path).read_bytes() for path in files()} == {
        name: data for name, data in made.items() if not name.startswith(".git/")
    }


def test_a_registry_laid_out(laid, tmp_path):
    """What is hashed is the same in any clone, in whatever folder fixtures lie."""
    for name in ("dvc.lock", "published.sum", "fields/own.py", "tests/fixtures/a_v1.json",
                 "elsewhere/b/b_v12_n3.json"):  # fmt: skip
        (laid / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (laid / "data" / name).write_text("one: 1\ntwo: 2\n")
    git(laid, "add", "--all")
    git(laid, "commit", "--quiet", "--message", "all")
    made = contents(cloned(laid, tmp_path) / "data")
    before = contents(laid / "data")
    other = {name for name, data in before.items() if made[name] != data}
    assert b"\r\n" in made["pytest.ini"], "the clone is not one of Windows"
    assert other == {
        ".dvc/.gitignore", ".dvc/config", ".dvcignore", ".gitattributes", ".gitignore",
        "fields/own.py", "pytest.ini", "tests/test_pinned_fixtures.py",
    }  # fmt: skip


def test_the_driver_of_sidecars(laid):
    """It is for each sidecar and for no schema."""
    sidecars = ("tests/fixtures/a_v1.json", "elsewhere/a_v1_n2.json")
    others = ("schemas/data_001_v1.schema.json", "generators/subset_v1.schema.json", "a.json")
    said = git(laid / "data", "check-attr", "diff", "--", *sidecars, *others)
    found = [line.rpartition(" ")[2] for line in said.splitlines()]
    assert found == ["fixture"] * 2 + ["unspecified"] * 3


def test_a_sidecar_with_other_line_ends(tmp_path):
    """The error says so, and what keeps git from it."""
    upstream = Upstream(tmp_path / "theirs" / "registry")
    pin = pins.find(upstream.path, "small_v1")
    clone = cloned(upstream.path, tmp_path)
    assert b"\r\n" in (clone / pin.sidecar_path).read_bytes(), "git left the line ends"
    shutil.copy(upstream.path / pin.path, clone / pin.path)
    with pytest.raises(ChainError) as caught:
        registry.load("small_v1", clone)
    assert caught.value.found.startswith("the same text with the ends of lines of Windows: md5 ")
    assert caught.value.remedy == (
        "put *_v[0-9]*.json text eol=lf into .gitattributes, remove the file, then "
        f"git checkout -- dvc.lock {pin.sidecar_path}"
    )
    (clone / ".gitattributes").write_text("*_v[0-9]*.json text eol=lf\n")
    (clone / pin.sidecar_path).unlink()
    git(clone, "checkout", "--", "dvc.lock", pin.sidecar_path)
    assert registry.load("small_v1", clone).frames.sum() == 15, "what is said does not mend it"
