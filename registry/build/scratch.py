"""A scratch folder in which generators run as DVC runs them, and the workspace stays as it is.

They run as programs of their own, with the declared values as flags.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import console, environment, field, files, temporary
from registry.declare import generator_keys
from registry.errors import CheckError
from registry.identity import sidecar

# In the scratch folder, wherever the registry has them.
_FIXTURES = "fixtures"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scratch:
    """A folder with the generators, schemas and fields of the registry at ``root``."""

    root: Path
    folder: Path

    def build(
        self, kind: str, name: str, entry: Mapping[str, Any], *, remedy: str | None = None
    ) -> str:
        """Build an entry of params.yaml, as `run` does; ``kind`` is ``source`` or ``fixture``."""
        module = f"registry.build.{kind}"
        place = f"{_FIXTURES}/{name}" if kind == generator_keys.FIXTURE else name
        return self.run(module, place, *flags(entry, self.root), subject=f"{kind} {name}",
                        remedy=remedy)  # fmt: skip

    def fixture(self, name: str) -> Path:
        """Where a fixture is that was built; its sidecar is beside it."""
        return self.folder / _FIXTURES / f"{name}.npz"

    def content(self, name: str) -> str:
        """Content digest of a fixture that was built."""
        data = files.read(self.fixture(name).with_suffix(".json"))
        return sidecar.parse(data, subject=f"fixture {name}").content_sha256

    def run(self, module: str, *arguments: str, subject: str, remedy: str | None = None) -> str:
        """Run ``python -m MODULE`` in the folder; what it printed.

        Parameters
        ----------
        module, *arguments : str
            The program, which ends by `registry.console.run`.
        subject : str
            What it is about, should it crash.
        remedy : str, optional
            What mends its error, in place of what the program says itself.

        Raises
        ------
        RegistryError
            The program's own, or a CheckError with all that it said.
        """
        # the folder's generators, and this very package
        package = str(Path(__file__).resolve().parents[2])
        path = [str(self.folder), package, os.environ.get("PYTHONPATH")]
        ended = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                **console.AS_JSON,
                "PYTHONPATH": os.pathsep.join(filter(None, path)),
                # so that nothing is downloaded or hashed again
                environment.BUILD: str(self.root.absolute() / "build"),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if ended.returncode == 0:
            return ended.stdout
        error = console.reported(ended.returncode, ended.stderr)
        if error is None:
            said = ended.stderr.strip() or f"exit code {ended.returncode}"
            raise CheckError(
                subject,
                expected="its generator to build it",
                found="\n            ".join(said.splitlines()),
                remedy="this is a fault of the generator; please report it",
            )
        raise error.but(remedy=remedy or error.remedy)


@contextmanager
def scratch(root: Path) -> Iterator[Scratch]:
    """A new scratch folder, which is gone afterwards."""
    with temporary.folder("scratch") as folder:
        for part in ("generators", "schemas", field.FOLDER):
            if part == field.FOLDER and not (root / part).is_dir():
                continue
            shutil.copytree(
                root / part,
                folder / part,
                ignore=shutil.ignore_patterns("__pycache__"),
                copy_function=_copy,
            )
        yield Scratch(root=root, folder=folder)


def _copy(source: str, target: str) -> None:
    Path(target).write_bytes(files.read(Path(source)))


def flags(entry: Mapping[str, Any], root: Path) -> list[str]:
    """Flags into which DVC turns an entry of params.yaml; a relative path starts at the registry.

    >>> flags({"n_subset": 64, "labels": True, "masks": False}, Path())
    ['--n_subset', '64', '--labels']
    """
    found = []
    for key, value in entry.items():
        if value is True:
            found.append(f"--{key}")
        elif value is not False:
            is_file = key == "path" and "://" not in value
            text = str(root / value) if is_file else str(value)
            found += [f"--{key}", text]
    return found
