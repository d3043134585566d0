"""Rebuild fixtures in a scratch folder, and say for each array what became of it.

Neither the workspace nor the lock is touched. The generators run as DVC runs them: as programs of
their own, with the declared values as flags.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from registry import npz, params, store
from registry.errors import CheckError
from registry.hashing import array_digest
from registry.pins import Pin

# Differences in the last bits that another CPU or library can cause; more is other data.
TOLERANCE_ULP = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of one array.

    ``verdict`` is one of ``identical``, ``container differs only``, ``within tolerance`` and
    ``different``; ``detail`` says how many values differ, and where.
    """

    array: str
    verdict: str
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether the pinned bytes came out again."""
        return self.verdict == "identical"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuilt:
    """Verdicts of one fixture; ``sidecar_same`` tells whether its text came out again, too."""

    name: str
    arrays: list[Verdict]
    sidecar_same: bool

    @property
    def good(self) -> bool:
        """Whether fixture and sidecar came out byte for byte."""
        return self.sidecar_same and all(verdict.good for verdict in self.arrays)


def regenerate(root: Path, pins: list[Pin]) -> list[Rebuilt]:
    """Rebuild fixtures and their sources, and hold them against the pinned ones.

    Raises
    ------
    CheckError
        A fixture is no longer declared, or its generator refuses to build it.
    MissingError, ChainError
        The pinned bytes, with which to compare, are missing or broken.
    """
    declared = params.load(root)
    missing = [pin.name for pin in pins if pin.name not in declared.fixtures]
    if missing:
        raise CheckError(
            f"fixture {missing[0]}",
            expected="an entry in params.yaml to rebuild it from",
            found="none",
            remedy="git checkout -- params.yaml, or name the fixtures to rebuild",
        )
    with tempfile.TemporaryDirectory(prefix="fixtures-regenerate-") as folder:
        scratch = Path(folder)
        for part in ("generators", "schemas"):
            shutil.copytree(
                root / part, scratch / part, ignore=shutil.ignore_patterns("__pycache__")
            )
        sources = {declared.fixtures[pin.name]["source"] for pin in pins}
        for source in sorted(sources):
            _run(root, scratch, "generators.source", source, declared.sources[source])
        return [_rebuild(root, scratch, pin, declared.fixtures[pin.name]) for pin in pins]


def flags(entry: Mapping[str, Any], root: Path) -> list[str]:
    """Flags into which DVC turns an entry of params.yaml; a relative path starts at the registry.

    >>> flags({"n_subset": 64, "diff3d": True, "Y": False}, Path())
    ['--n_subset', '64', '--diff3d']
    """
    found = []
    for key, value in entry.items():
        if value is True:
            found.append(f"--{key}")
        elif value is not False:
            text = str(root / value) if key == "path" else str(value)
            found += [f"--{key}", text]
    return found


def compare(pinned: bytes, rebuilt: bytes, *, subject: str) -> list[Verdict]:
    """Verdict on each array of two canonical ``.npz``."""
    before = npz.parse(pinned, subject=subject)
    after = npz.parse(rebuilt, subject=f"{subject}, rebuilt")
    same = "identical" if pinned == rebuilt else "container differs only"
    verdicts = []
    for name in sorted({*before, *after}):
        if name not in after or name not in before:
            where = "pinned" if name in before else "rebuilt"
            verdicts.append(
                Verdict(array=name, verdict="different", detail=f"only in the {where} fixture")
            )
        elif array_digest(before[name]) == array_digest(after[name]):
            # the other arrays are not this one's fault
            others = all(
                key in before
                and key in after
                and array_digest(before[key]) == array_digest(after[key])
                for key in {*before, *after}
            )
            verdicts.append(Verdict(array=name, verdict=same if others else "identical"))
        else:
            verdicts.append(_difference(name, before[name], after[name]))
    return verdicts


def _difference(name: str, before: np.ndarray, after: np.ndarray) -> Verdict:
    for what, left, right in (
        ("dtype", before.dtype, after.dtype),
        ("shape", before.shape, after.shape),
    ):
        if left != right:
            return Verdict(array=name, verdict="different", detail=f"{what} {left} -> {right}")
    changed = np.argwhere(
        ~((before == after) | (np.isnan(before) & np.isnan(after)))
        if before.dtype.kind in "fc"
        else before != after
    )
    first = tuple(int(i) for i in changed[0]) if len(changed) else ()
    count = f"{len(changed)} of {before.size} values, first at {first}"
    if before.dtype.kind not in "fc" or not len(changed):
        return Verdict(array=name, verdict="different", detail=count)
    distance = ulp_distance(before, after)
    worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(distance)), distance.shape))
    largest = float(distance[worst])
    detail = f"{count}; largest {largest:.0f} ULP at {worst}"
    verdict = "within tolerance" if largest <= TOLERANCE_ULP else "different"
    return Verdict(array=name, verdict=verdict, detail=detail)


def ulp_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many representable values lie between two floats, element by element (float64).

    For complex values the larger of the two parts' distances; infinite where a value is not finite
    and the other differs.
    """
    if a.dtype.kind == "c":
        larger: np.ndarray = np.maximum(ulp_distance(a.real, b.real), ulp_distance(a.imag, b.imag))
        return larger
    integer: type[np.int32] | type[np.int64] = np.int32 if a.dtype.itemsize == 4 else np.int64
    keys = []
    for values in (a, b):
        bits = np.ascontiguousarray(values).view(integer).astype(np.int64)
        # negative floats count downwards, so that neighbours around zero are neighbours here
        lowest = np.int64(np.iinfo(integer).min)
        keys.append(np.where(bits < 0, lowest - bits, bits).astype(np.float64))
    comparable = np.isfinite(a) & np.isfinite(b) | (a == b) | (np.isnan(a) & np.isnan(b))
    distance: np.ndarray = np.where(comparable, np.abs(keys[0] - keys[1]), np.inf)
    return distance


def _rebuild(root: Path, scratch: Path, pin: Pin, entry: Mapping[str, Any]) -> Rebuilt:
    record = store.read_sidecar(root, pin)
    pinned = store.read_bytes(root, pin, record)
    _run(root, scratch, "generators.fixture", pin.name, entry)
    return Rebuilt(
        name=pin.name,
        arrays=compare(pinned, (scratch / pin.path).read_bytes(), subject=f"fixture {pin.name}"),
        sidecar_same=(scratch / pin.sidecar_path).read_bytes()
        == (root / pin.sidecar_path).read_bytes(),
    )


def _run(root: Path, scratch: Path, module: str, name: str, entry: Mapping[str, Any]) -> None:
    command = [sys.executable, "-m", module, name, *flags(entry, root)]
    # the scratch folder's generators, and this very package
    path = os.pathsep.join([str(scratch), str(Path(__file__).resolve().parents[1])])
    result = subprocess.run(
        command,
        cwd=scratch,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise CheckError(
            f"{module.rpartition('.')[2]} {name}: rebuild",
            expected="the generator to build it again",
            found=result.stderr.strip() or f"exit code {result.returncode}",
            remedy=f"dvc repro {module.rpartition('.')[2]}@{name} shows the same in place",
        )
