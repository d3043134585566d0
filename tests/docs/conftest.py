"""Clones of this repository in which a test does what a page says, and nothing leaves them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry import environment as variables
from registry.storage import cache

REPOSITORY = Path(__file__).parents[2]
FIXTURES = "tests/fixtures/pytorch_integration"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What a person's shell, a git hook or CI may have set.
_PRIVATE = ("GIT_", "DVC_", "FIXTURE", "CI")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; ``section`` is the key of params.yaml named last before it."""

    language: str
    text: str
    section: str


@pytest.fixture(scope="session")
def blocks():
    """The fenced blocks of a page of this repository, in order."""
    return _blocks


def _blocks(page: str) -> list[Block]:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        sections = re.findall(r"`(sources|fixtures):`", text[: match.start()])
        found.append(
            Block(language=match[1], text=match[2], section=sections[-1] if sections else "")
        )
    return found


class Clone:
    """A repository, and a shell in it."""

    def __init__(self, path: Path, environment: dict[str, str]) -> None:
        self.path = path
        self.environment = environment

    def sh(self, script: str, code: int = 0) -> str:
        """Run lines of shell, up to the first that fails; what they printed."""
        result = subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert result.returncode == code, f"{script}\nended with {result.returncode}:\n" + (
            result.stdout
        )
        return result.stdout

    def declare(self, section: str, entry: str) -> None:
        """Put an entry at the end of a section of ``params.yaml``."""
        path = self.path / "params.yaml"
        lines = path.read_text().splitlines()
        start = lines.index(f"{section}:") + 1
        after = (n for n in range(start, len(lines)) if lines[n][:1] not in ("", " ", "#"))
        end = next(after, len(lines))
        lines[end:end] = ["", *entry.splitlines(), ""]
        path.write_text("\n".join(lines) + "\n")

    def edit(self, old: str, new: str) -> None:
        """Replace the last occurrence of a text in ``params.yaml``."""
        path = self.path / "params.yaml"
        head, found, tail = path.read_text().rpartition(old)
        assert found, f"params.yaml has no {old!r}"
        path.write_text(head + new + tail)

    def changed(self) -> list[str]:
        """Files that git sees as changed or new."""
        lines = self.sh("git status --porcelain --untracked-files=all").splitlines()
        return sorted(line[3:] for line in lines)

    def copy(self, path: Path) -> Clone:
        """The same, elsewhere, with a remote and a home of its own beside it."""
        shutil.copytree(self.path, path, symlinks=True)
        return Clone(path, environment(path.parent))


def environment(folder: Path) -> dict[str, str]:
    """Variables of somebody whose home and settings are in a folder, and who has the command."""
    home = folder / "home"
    home.mkdir()
    (home / "gitconfig").write_text(
        "[user]\n    name = a\n    email = a@example.org\n[init]\n    defaultBranch = main\n"
    )
    (home / "message").write_text("text\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    path = [str(Path(sys.executable).parent), kept["PATH"]]
    if shutil.which("fixtures", path=path[0]) is None:
        path.insert(0, str(_command(home / "bin")))
    return {
        **kept,
        "PATH": os.pathsep.join(path),
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        # what a person types when git asks for a message
        "GIT_EDITOR": f"cp {home / 'message'}",
        "DVC_GLOBAL_CONFIG_DIR": str(home),
        "DVC_SYSTEM_CONFIG_DIR": str(home),
        "DVC_SITE_CACHE_DIR": str(home / "dvc"),
        "DVC_NO_ANALYTICS": "1",
        "FIXTURES_CACHE": str(home / "fixtures"),
    }


def _command(folder: Path) -> Path:
    """A folder with the command ``fixtures``, where the package is not installed."""
    folder.mkdir()
    script = folder / "fixtures"
    script.write_text(
        f'#!/bin/sh\nPYTHONPATH={REPOSITORY} exec {sys.executable} -m registry.cli "$@"\n'
    )
    script.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def _built(tmp_path_factory):
    """The working tree as it is, as the only commit of a repository, with all fixtures built."""
    folder = tmp_path_factory.mktemp("built")
    path = folder / "registry"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    ).stdout
    names = [name.decode() for name in listed.split(b"\0") if name]
    # outputs and cache, too, so that as little as possible is built again
    built = [path for part in ("build/sources", FIXTURES) for path in (REPOSITORY / part).glob("*")]
    built.append(REPOSITORY / "build" / "params.valid")
    for name in {*names, *(str(file.relative_to(REPOSITORY)) for file in built)}:
        if (REPOSITORY / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, path / name)
    objects = cache.folder(REPOSITORY) / "files"
    if objects.is_dir():
        shutil.copytree(objects, path / ".dvc" / "cache" / "files")
    clone = Clone(path, environment(folder))
    clone.sh(
        "git init --quiet && dvc repro --quiet && git add --all && git commit --quiet -m built"
    )
    return clone


@pytest.fixture
def clone(_built, tmp_path):
    """A clone to change, its directory remote beside it and empty."""
    return _built.copy(tmp_path / "registry")


@pytest.fixture
def real_data():
    """Folder with the two real files; the test is skipped where one is absent."""
    named = variables.value(variables.REAL_DATA)
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    for name in ("Run1084_recon3_postPC.npz", "siemens-star-small.npz.bz2"):
        if not (folder / name).is_file():
            pytest.skip(f"{name} is not here: name its folder in FIXTURES_REAL_DATA")
    return folder.resolve()
