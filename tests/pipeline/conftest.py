"""Scratch clones of this repository, built and up to date, in which to run the real DVC."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry.identity import pins
from registry.storage import cache

REPOSITORY = Path(__file__).parents[2]
FIXTURES = Path("tests/fixtures/pytorch_integration")


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code, and what it printed, stdout and stderr together."""

    code: int
    text: str

    @property
    def stages(self) -> list[str]:
        """Stages that DVC started, in order."""
        start = "Running stage '"
        lines = [line for line in self.text.splitlines() if line.startswith(start)]
        return [line.removeprefix(start).split("'")[0] for line in lines]


@dataclass(frozen=True)
class Clone:
    """A clone, and programs run in its top folder."""

    top: Path
    environment: dict[str, str]

    def run(self, *command: str, **options) -> Ended:
        """Run a program of this interpreter's environment; `python` and `dvc` are its own."""
        result = subprocess.run(
            command,
            cwd=self.top,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **options,
        )
        return Ended(result.returncode, result.stdout)

    def dvc(self, *arguments: str) -> Ended:
        """Run DVC."""
        return self.run(sys.executable, "-m", "dvc", *arguments)

    def fixtures(self, *arguments: str) -> Ended:
        """Run the registry's own command."""
        return self.run(sys.executable, "-m", "registry.cli", *arguments)

    def git(self, *arguments: str) -> str:
        """Run git, which has to end well."""
        ended = self.run("git", *arguments)
        assert ended.code == 0, ended.text
        return ended.text.strip()

    def commit(self) -> None:
        """Commit everything that git does not ignore."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")

    def edit(self, path: str, old: str, new: str) -> None:
        """Edit a text file at the first place where `old` is."""
        text = (self.top / path).read_text()
        assert old in text, f"{old!r} is not in {path}"
        (self.top / path).write_text(text.replace(old, new, 1))

    def declare(self, kind: str, entry: str) -> None:
        """Add an entry, first of its kind, to params.yaml."""
        self.edit("params.yaml", f"{kind}:\n", f"{kind}:\n{entry}")

    def built(self) -> dict[str, bytes]:
        """Bytes of every fixture and sidecar."""
        return {path.name: path.read_bytes() for path in (self.top / FIXTURES).iterdir()}

    def pins(self) -> dict[str, str]:
        """Text of each fixture's stage in the lock."""
        import yaml

        stages = yaml.safe_load((self.top / "dvc.lock").read_bytes())["stages"]
        return {name: str(stage) for name, stage in stages.items() if name.startswith("fixture@")}


def _environment(scratch: Path) -> dict[str, str]:
    """The caller's environment, but for what of the user and the machine DVC and git read."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYTHON", "DVC_", "GIT_", "FIXTURE"))
    }
    who = {f"GIT_{role}_{what}": "nobody@example.org" for role in ("AUTHOR", "COMMITTER")
           for what in ("NAME", "EMAIL")}  # fmt: skip
    return {
        **kept,
        **who,
        # stages are run as `python -m generators...`
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(scratch),
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_NO_ANALYTICS": "1",
        "DVC_GLOBAL_CONFIG_DIR": str(scratch / "configuration"),
        "DVC_SYSTEM_CONFIG_DIR": str(scratch / "configuration"),
        "DVC_SITE_CACHE_DIR": str(scratch / "site"),
    }


@pytest.fixture(scope="session")
def _template(tmp_path_factory):
    """The clone that each test gets a copy of: the working tree, committed, its stages run."""
    scratch = tmp_path_factory.mktemp("pipeline")
    template = Clone(scratch / "clone", _environment(scratch))
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        check=True,
    )
    files = [REPOSITORY / name for name in listed.stdout.decode().split("\0") if name]
    built = [*REPOSITORY.glob("build/sources/*"), *(REPOSITORY / FIXTURES).glob("*.npz")]
    copies = {
        path: template.top / path.relative_to(REPOSITORY)
        for path in (*files, *built, REPOSITORY / "build" / "params.valid")
    }
    # What is not in its cache DVC builds again.
    for pin in pins.read(REPOSITORY).values():
        copies[cache.object_path(REPOSITORY, pin.md5)] = cache.object_path(template.top, pin.md5)
    for path, target in copies.items():
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    template.git("-c", "init.defaultBranch=main", "init", "--quiet")
    ended = template.dvc("repro")
    assert ended.code == 0, ended.text
    template.commit()
    return template


@pytest.fixture
def clone(_template, tmp_path):
    """A clone in which every stage is up to date, to be changed at will."""
    top = tmp_path / "clone"
    shutil.copytree(_template.top, top, symlinks=True)
    return Clone(top, _environment(tmp_path))
