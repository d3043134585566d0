"""Registries of made-up fixtures, for measuring at sizes and numbers that the real one lacks.

Files, sidecars, lock and remote are as the pipeline and ``dvc push`` leave them; DVC is not needed
to make them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.timing import ROOT
from registry import digests, load, loading
from registry.declare import FILE
from registry.identity import npz, pins, sidecar
from registry.identity.inventory import inventory
from registry.identity.pins import Pin

if TYPE_CHECKING:
    import numpy as np

# Whose sidecar and stage the made-up ones are patterned on, so that they are as long as real ones.
MODEL = "minimal_dataset_v1"
# For registries of many: the smallest real one, of 16 frames.
SMALL_MODEL = "minimal_dataset_v1_n16"
# What a clone has besides sidecars, params.yaml and the lock. The package is not in it: installed.
_COPIED = (".dvc/.gitignore", ".dvc/config", ".dvcignore", ".gitattributes", ".gitignore",
           "code", "dvc.yaml", "generators", "schemas")  # fmt: skip
# Where .dvc/config has the remote: beside the clone.
_REMOTE = "fixture-registry-remote"
# A user's settings, which a measured program is not to see.
_SETTINGS = ("DVC_", "FIXTURE", "GIT_", "PYTEST_")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards, on the file system where fixtures are built."""
    parent = ROOT / "build" / "bench"
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as name:
        yield Path(name)


def write(
    root: Path, fixtures: Mapping[str, Mapping[str, np.ndarray]], *, model: str = MODEL
) -> list[Pin]:
    """Make `root` a registry of the given arrays.

    Parameters
    ----------
    root : path
        An existing folder.
    fixtures : mapping of str to mapping of str to ndarray
        Fixture names, such as ``large_v1``, and their arrays. Taken one after the other, so that
        a mapping may make them as they are asked for.
    model : str
        The real fixture whose sidecar and stage theirs are patterned on.

    Returns
    -------
    list of Pin
        As ``dvc.lock`` in `root` now has them.
    """
    import yaml

    # DVC writes with another library. The pure Python one would take seconds at 1000 fixtures.
    lock = yaml.load((ROOT / pins.LOCK).read_bytes(), Loader=yaml.CSafeLoader)
    stage = lock["stages"][f"fixture@{model}"]
    pin = pins.find(ROOT, model)
    stages = {
        f"fixture@{name}": _write(root, name, fixtures[name], pin, stage) for name in fixtures
    }
    (root / pins.LOCK).write_bytes(as_yaml({"schema": lock["schema"], "stages": stages}))
    return list(pins.read(root).values())


def names(count: int) -> list[str]:
    """Names of as many fixtures: versions of one, as they would come to be over the years."""
    return [f"made_up_v{number}" for number in range(1, count + 1)]


def origin(folder: Path, count: int) -> Path:
    """A registry as its maintainer has it: built, pushed to the remote beside it, committed.

    Its fixtures are as `SMALL_MODEL`, but each differs from the others in one number.

    Parameters
    ----------
    folder : path
        Where the registry and the remote's folder are made.
    count : int
        How many fixtures, of 1 MB each.

    Returns
    -------
    path
        The registry's top folder, below `folder`.
    """
    import yaml

    root = folder / "origin"
    copy(root)
    declared = yaml.safe_load((ROOT / FILE).read_bytes())
    declared["fixtures"] = dict.fromkeys(names(count), declared["fixtures"][SMALL_MODEL])
    # trainings of the real ones
    declared.pop("envelope", None)
    (root / FILE).write_bytes(as_yaml(declared))
    for pin in write(root, _Variants(count), model=SMALL_MODEL):
        stored = folder / _REMOTE / "files" / "md5" / pin.md5[:2] / pin.md5[2:]
        stored.parent.mkdir(parents=True, exist_ok=True)
        # one file under two names: nothing that is measured writes to either
        os.link(root / pin.path, stored)
    _git(root, "add", "--all")
    author = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    _git(root, *author, "commit", "--quiet", "--message", "everything")
    return root


def copy(root: Path) -> None:
    """A git repository with what a clone of this registry has, less sidecars, params and lock."""
    for path in _COPIED:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, root / path, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / path, root / path)
    _git(root, "init", "--quiet")


def clone(registry: Path, name: str) -> Path:
    """A fresh clone beside a registry: it finds the remote, and has neither bytes nor cache."""
    path = registry.parent / name
    _git(registry, "clone", "--quiet", "--", str(registry), str(path))
    return path


def run(folder: Path, *arguments: str) -> str:
    """Run Python with these arguments in a folder, whatever the user's own settings are.

    Returns
    -------
    str
        What it printed.

    Raises
    ------
    RuntimeError
        It failed; with all that it said.
    """
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"python {' '.join(arguments)}: {result.returncode}\n{result.stdout}")
    return result.stdout


class _Variants(Mapping[str, "Mapping[str, np.ndarray]"]):
    """Arrays of made-up fixtures by name, made as they are asked for."""

    def __init__(self, count: int) -> None:
        self._numbers = {name: number for number, name in enumerate(names(count))}
        self._model = load(SMALL_MODEL, ROOT)

    def __getitem__(self, name: str) -> Mapping[str, np.ndarray]:
        xcoords = self._model["xcoords"].copy()
        xcoords[0] += 1e-6 * self._numbers[name]
        return {**self._model, "xcoords": xcoords}

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def _write(
    root: Path, name: str, arrays: Mapping[str, np.ndarray], model: Pin, stage: dict[str, Any]
) -> dict[str, Any]:
    """Write one fixture and its sidecar; return its stage in the lock."""
    data = npz.encode(arrays)
    record = replace(
        loading.read_sidecar(ROOT, model),
        name=name,
        version=sidecar.version_of(name),
        sha256_checksum=digests.sha256(data),
        content_sha256=digests.content_digest(arrays),
        size=len(data),
        arrays=inventory(arrays),
    )
    outs = []
    for path, content in (
        (model.sidecar_path, sidecar.encode(record)),
        (model.path, data),
    ):
        file = Path(path).with_stem(name)
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(content)
        outs.append({
            "path": file.as_posix(), "hash": "md5",
            "md5": digests.md5(content), "size": len(content),
        })  # fmt: skip
    return {**stage, "cmd": stage["cmd"].replace(model.name, name), "outs": outs}


def as_yaml(document: Any) -> bytes:
    """Text of a document, everything written out, as long as DVC's own."""
    import yaml

    class Dumper(yaml.CSafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    text: bytes = yaml.dump(document, Dumper=Dumper, sort_keys=False, encoding="utf-8")
    return text


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, env=_environment(folder), check=True)


def _environment(folder: Path) -> dict[str, str]:
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(_SETTINGS) and name != "CI"
    }
    beside = os.fspath(folder.parent / "settings")
    folders = ("DVC_SYSTEM_CONFIG_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SITE_CACHE_DIR")
    nobodys = dict.fromkeys(("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"), os.devnull)
    return {**kept, **dict.fromkeys(folders, beside), **nobodys}
