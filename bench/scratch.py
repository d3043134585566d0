"""Registries of made-up fixtures, for measuring at sizes and numbers that the real one lacks.

Files, sidecars and lock are as the pipeline leaves them; DVC is not needed to make them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.timing import ROOT
from registry import hashing, npz, pins, sidecar, store
from registry.pins import Pin
from registry.ptychography.contract import inventory

if TYPE_CHECKING:
    import numpy as np

# Whose sidecar and stage the made-up ones are patterned on, so that they are as long as real ones.
MODEL = "minimal_dataset_v1"


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards, on the file system where fixtures are built."""
    parent = ROOT / "build" / "bench"
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as name:
        yield Path(name)


def write(root: Path, fixtures: Mapping[str, Mapping[str, np.ndarray]]) -> list[Pin]:
    """Make `root` a registry of the given arrays.

    Parameters
    ----------
    root : path
        An existing folder.
    fixtures : mapping of str to mapping of str to ndarray
        Fixture names, such as ``large_v1``, and their arrays. Taken one after the other, so that
        a mapping may make them as they are asked for.

    Returns
    -------
    list of Pin
        As ``dvc.lock`` in `root` now has them.
    """
    import yaml

    # DVC writes with another library. The pure Python one would take seconds at 1000 fixtures.
    lock = yaml.load((ROOT / pins.LOCK).read_bytes(), Loader=yaml.CSafeLoader)
    stage = lock["stages"][f"fixture@{MODEL}"]
    stages = {f"fixture@{name}": _write(root, name, fixtures[name], stage) for name in fixtures}
    document = {"schema": lock["schema"], "stages": stages}
    text = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, encoding="utf-8")
    (root / pins.LOCK).write_bytes(text)
    return list(pins.read(root).values())


def _write(
    root: Path, name: str, arrays: Mapping[str, np.ndarray], stage: dict[str, Any]
) -> dict[str, Any]:
    """Write one fixture and its sidecar; return its stage in the lock."""
    model = pins.find(ROOT, MODEL)
    data = npz.encode(arrays)
    record = replace(
        store.read_sidecar(ROOT, model),
        name=name,
        version=sidecar.version_of(name),
        sha256_checksum=hashing.sha256(data),
        content_sha256=hashing.content_digest(arrays),
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
            "md5": hashing.md5(content), "size": len(content),
        })  # fmt: skip
    return {**stage, "cmd": stage["cmd"].replace(MODEL, name), "outs": outs}
