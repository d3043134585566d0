"""A fixture of a scratch registry with other arrays: bytes, sidecar and pin of a rebuild."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from registry.identity import npz
from tests.kit.files import object_in
from tests.kit.repository import FOLDER


def republish(root: Path, name: str, arrays: Mapping[str, np.ndarray], **fields: Any) -> bytes:
    """Put arrays in the place of a fixture's, with a chain that holds; the new file's bytes.

    ``fields`` replace those of the sidecar. What is measured on the arrays stays as it was.
    """
    data = npz.encode(arrays)
    path = root / FOLDER / f"{name}.npz"
    path.write_bytes(data)
    record = json.loads(path.with_suffix(".json").read_bytes())
    for array in set(record["arrays"]) - set(arrays):
        del record["arrays"][array]
    for array, values in arrays.items():
        span = {"range": [0.0, 1.0], "finite": True, **record["arrays"].get(array, {})}
        record["arrays"][array] = {
            "dtype": values.dtype.str,
            "shape": list(values.shape),
            "range": span["range"],
            "finite": span["finite"],
            "sha256": hashlib.sha256(values.dtype.str.encode() + values.tobytes()).hexdigest(),
        }
    record |= {
        "sha256_checksum": hashlib.sha256(data).hexdigest(),
        "content_sha256": hashlib.sha256(b"content" + data).hexdigest(),
        "size": len(data),
        **fields,
    }
    text = (json.dumps(record, indent=2) + "\n").encode()
    path.with_suffix(".json").write_bytes(text)
    lock = yaml.safe_load((root / "dvc.lock").read_bytes())
    for out in lock["stages"][f"fixture@{name}"]["outs"]:
        content = data if out["path"].endswith(".npz") else text
        out |= {"md5": hashlib.md5(content).hexdigest(), "size": len(content)}
    (root / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    return data


def cached(root: Path, data: bytes) -> Path:
    """Put bytes into DVC's cache; where they are."""
    path = object_in(root / ".dvc" / "cache", hashlib.md5(data).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
