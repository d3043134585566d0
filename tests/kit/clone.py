"""Clones of this repository, built and up to date, in which to run the real DVC and git."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.kit.environment import environment
from tests.kit.files import object_in
from tests.kit.once import once
from tests.kit.processes import Ended
from tests.kit.repository import FOLDER, REPOSITORY, files, params

# The stage that runs in every dvc repro, as DVC calls it.
CODE = "code/dvc.yaml:code"


@dataclass(frozen=True)
class Clone:
    """A repository, and programs run in its top folder."""

    path: Path
    environment: dict[str, str]

    def run(self, *command: str | os.PathLike[str], **options) -> Ended:
        """Run a program, whose streams are read as one; it need not succeed."""
        result = subprocess.run(
            command,
            cwd=self.path,
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
        """Run the registry's own command, as this clone has it."""
        return self.run(sys.executable, "-m", "registry.cli", *arguments)

    def sh(self, script: str, code: int = 0) -> str:
        """Run lines of shell, up to the first that fails; what they printed."""
        ended = self.run("sh", "-e", "-c", script)
        assert ended.code == code, f"{script}\nended with {ended.code}:\n{ended.out}"
        return ended.out

    def git(self, *arguments: str | os.PathLike[str], code: int = 0) -> str:
        """Run git; what it printed."""
        ended = self.run("git", "--no-pager", *arguments)
        assert ended.code == code, f"git {arguments} ended with {ended.code}:\n{ended.out}"
        return ended.out

    def commit(self) -> None:
        """Commit everything that git does not ignore."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")

    def edit(self, old: str, new: str, file: str = "params.yaml") -> None:
        """Replace the last occurrence of a text in a file."""
        head, found, tail = (self.path / file).read_text(encoding="utf-8").rpartition(old)
        assert found, f"{file} has no {old!r}"
        (self.path / file).write_text(head + new + tail, encoding="utf-8")

    def declare(self, section: str, entry: str) -> None:
        """Put an entry at the end of a section of ``params.yaml``."""
        path = self.path / "params.yaml"
        lines = path.read_text(encoding="utf-8").splitlines()
        start = lines.index(f"{section}:") + 1
        after = (n for n in range(start, len(lines)) if lines[n][:1] not in ("", " ", "#"))
        end = next(after, len(lines))
        lines[end:end] = ["", *entry.splitlines(), ""]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def changed(self) -> list[str]:
        """Files that git sees as changed or new."""
        lines = self.run("git", "status", "--porcelain", "--untracked-files=all").out.splitlines()
        return sorted(line[3:] for line in lines)

    def built(self) -> dict[str, bytes]:
        """Bytes of every fixture and sidecar."""
        return {path.name: path.read_bytes() for path in (self.path / FOLDER).iterdir()}

    def pins(self) -> dict[str, str]:
        """Text of each fixture's stage in the lock."""
        stages = yaml.safe_load((self.path / "dvc.lock").read_bytes())["stages"]
        return {name: str(stage) for name, stage in stages.items() if name.startswith("fixture@")}

    def copy(self, path: Path) -> Clone:
        """The same, elsewhere, with a remote and a home of its own beside it."""
        shutil.copytree(self.path, path, symlinks=True)
        return Clone(path, environment(path.parent))


def shared(tmp_path_factory, config, name: str, make: Callable[[Clone], None]) -> Clone:
    """A repository that is made once for all xdist workers: to be copied, not changed."""

    def within(folder: Path) -> Clone:
        return Clone(folder / "clone", environment(folder))

    return within(once(tmp_path_factory, config, name, lambda folder: make(within(folder))))


def build(clone: Clone) -> None:
    """Make a clone of the working tree and what is built of it, committed, its stages run."""
    stages = yaml.safe_load((REPOSITORY / "dvc.lock").read_bytes())["stages"].values()
    outs = [out for stage in stages for out in stage.get("outs", ())]
    copies = {path: REPOSITORY / path for path in [*files(), *(Path(out["path"]) for out in outs)]}
    # What is not in its cache DVC builds again; where this repository has its own is not asked.
    for path in (REPOSITORY / FOLDER).glob("*.npz"):
        md5 = hashlib.md5(path.read_bytes()).hexdigest()
        if md5 in {out["md5"] for out in outs}:
            copies[object_in(Path(".dvc/cache"), md5)] = path
    for target, source in copies.items():
        if source.is_file():
            (clone.path / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, clone.path / target)
            # as git checks it out, whatever the working tree's umask was
            is_program = source.stat().st_mode & 0o100
            (clone.path / target).chmod(0o755 if is_program else 0o644)
    (clone.path / "params.yaml").write_text(params(), encoding="utf-8")
    clone.git("init", "--quiet")
    ended = clone.dvc("repro")
    assert ended.code == 0, ended.out
    clone.commit()
    # in one file, since what is copied often is copied sooner
    clone.git("gc", "--quiet")
