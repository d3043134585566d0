"""Programs, run to their end."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.kit.environment import environment

LIMIT_S = 120


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, and what it printed where.

    Where only ``out`` is filled, it has both streams in the order of printing.
    """

    code: int
    out: str
    err: str = ""

    @property
    def stages(self) -> list[str]:
        """Stages that DVC started, in order."""
        start = "Running stage '"
        lines = [line for line in self.out.splitlines() if line.startswith(start)]
        return [line.removeprefix(start).split("'")[0] for line in lines]


def run(
    command: list[str], folder: Path, env: dict[str, str], *, limit_s: float = LIMIT_S
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return what it printed; it need not succeed."""
    return subprocess.run(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )


def succeed(command: list[str], folder: Path, env: dict[str, str]) -> str:
    """Run a command that must succeed, and return its output."""
    done = run(command, folder, env)
    assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}"
    return done.stdout


def fixtures(*arguments: str) -> list[str]:
    """The command ``fixtures`` of the registry that it is run in, or of this repository."""
    return [sys.executable, "-m", "registry.cli", *arguments]


def dvc(*arguments: str) -> list[str]:
    """The command ``dvc``."""
    return [sys.executable, "-m", "dvc", *arguments]


def git(folder: Path, *arguments: str) -> str:
    """Run git, which has to succeed; what it printed."""
    return succeed(["git", *arguments], folder, environment(folder)).strip()
