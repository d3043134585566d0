"""Registries whose bytes are elsewhere, and what runs programs in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from bench import scratch
from registry.identity import pins

REPOSITORY = Path(__file__).parents[2]
FOLDER = "tests/fixtures/pytorch_integration"
LIMIT_S = 120
# Each of about 100 kB: enough to be cut in the middle, and no time is lost on them.
FIXTURES = {
    "small_v1": {"frames": np.arange(25_000, dtype="<f4")},
    "other_v1": {"frames": np.ones(25_000, "<f4")},
    "third_v1": {"frames": np.zeros(25_000, "<f4")},
}


def write(root: Path) -> Path:
    """Make a folder a registry of small made-up fixtures, all of them in the workspace."""
    root.mkdir(parents=True, exist_ok=True)
    scratch.write(root, FIXTURES)
    (root / ".dvc").mkdir(exist_ok=True)
    return root


def configure(root: Path, url: str, **settings: object) -> None:
    """Name the registry's default remote in DVC's configuration."""
    lines = [
        "[core]",
        "    analytics = false",
        "    check_update = false",
        "    remote = store",
        "[cache]",
        "    type = reflink,copy",
        "['remote \"store\"']",
        *(f"    {key} = {value}" for key, value in {"url": url, **settings}.items()),
    ]
    (root / ".dvc" / "config").write_text("\n".join([*lines, ""]))


def move_to_remote(root: Path, folder: Path) -> None:
    """Take the bytes of all fixtures out of the workspace, into the folder of a remote."""
    for pin in pins.read(root).values():
        target = object_in(folder, pin.md5)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(root / pin.path, target)


def object_in(folder: Path, md5: str) -> Path:
    """Where a cache or a remote keeps an object."""
    return folder / "files" / "md5" / md5[:2] / md5[2:]


def cached(root: Path, name: str) -> Path:
    """Where the registry's cache keeps the bytes of a fixture."""
    return object_in(root / ".dvc" / "cache", pins.find(root, name).md5)


def flip(path: Path) -> None:
    """Change one bit in the middle of a file, and neither its size, times, mode nor inode."""
    before = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(before.st_size // 2)
        byte = file.read(1)[0]
        file.seek(before.st_size // 2)
        file.write(bytes([byte ^ 1]))
    path.chmod(before.st_mode & 0o777)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def tree(folder: Path, *parts: str) -> dict[str, tuple[int, bytes]]:
    """Mode and bytes of every file below some parts of a folder."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mode & 0o777, path.read_bytes())
        for part in parts
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


def environment(tmp_path: Path, **variables: str) -> dict[str, str]:
    """Variables for a child process that knows nobody's configuration, credentials or registry."""
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("AWS_", "DVC_", "FIXTURE", "GIT_", "PYTEST_")) and name != "CI"
    }
    programs = os.fspath(Path(sys.executable).parent)
    return {
        **kept,
        "PATH": os.pathsep.join([programs, kept.get("PATH", "")]),
        "PYTHONPATH": os.fspath(REPOSITORY),
        "HOME": os.fspath(tmp_path / "home"),
        # else the library for S3 looks for credentials on the network
        "AWS_EC2_METADATA_DISABLED": "true",
        "DVC_SYSTEM_CONFIG_DIR": os.fspath(tmp_path / "no-system-configuration"),
        "DVC_GLOBAL_CONFIG_DIR": os.fspath(tmp_path / "no-user-configuration"),
        "DVC_SITE_CACHE_DIR": os.fspath(tmp_path / "dvc-site-cache"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_NAME": "a test" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "test@example.org" for who in ("AUTHOR", "COMMITTER")},
        **variables,
    }


def run(command: list[str], folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return what it printed; it need not succeed."""
    return subprocess.run(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
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
