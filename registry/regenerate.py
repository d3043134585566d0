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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from registry import npz_source, params, store
from registry.errors import CheckError, MissingError, RegistryError
from registry.params import Params
from registry.pins import Pin

# Differences in the last bits that another CPU or library can cause; more is other data.
TOLERANCE_ULP = 4
_FLOATS = {"f2", "f4", "f8", "c8", "c16"}


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
    """Verdicts of one fixture; ``sidecar_same`` tells whether its text came out again, too.

    ``failure`` is the error's text, and ``exit_code`` its code, where it could not be rebuilt.
    """

    name: str
    arrays: list[Verdict]
    sidecar_same: bool
    failure: str = ""
    exit_code: int = 0

    @property
    def good(self) -> bool:
        """Whether fixture and sidecar came out byte for byte."""
        return self.exit_code == 0


def regenerate(root: Path, pins: list[Pin]) -> list[Rebuilt]:
    """Rebuild fixtures and their sources, and hold them against those in the workspace.

    A fixture that cannot be rebuilt, because it is no longer declared, its source's file is not
    here, or its generator refuses, keeps none of the others from being rebuilt.

    Raises
    ------
    CheckError, MissingError
        ``params.yaml`` breaks a rule, or there is none.
    """
    declared = params.load(root)
    with tempfile.TemporaryDirectory(prefix="fixtures-regenerate-") as folder:
        scratch = Path(folder)
        for part in ("generators", "schemas"):
            shutil.copytree(
                root / part, scratch / part, ignore=shutil.ignore_patterns("__pycache__")
            )
        sources: dict[str, RegistryError | None] = {}
        return [_rebuild(root, scratch, pin, declared, sources) for pin in pins]


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


def compare(pinned: Path, rebuilt: Path, *, subject: str) -> list[Verdict]:
    """Verdict on each array of two ``.npz`` files, the first of which any tool may have written."""
    before = npz_source.read(pinned, subject=subject)
    after = npz_source.read(rebuilt, subject=f"{subject}, rebuilt")
    verdicts = [
        _compare_arrays(name, before.get(name), after.get(name))
        for name in sorted({*before, *after})
    ]
    # Only where no array differs is it the container that makes the bytes differ.
    if all(verdict.good for verdict in verdicts) and pinned.read_bytes() != rebuilt.read_bytes():
        return [replace(verdict, verdict="container differs only") for verdict in verdicts]
    return verdicts


def _compare_arrays(name: str, before: np.ndarray | None, after: np.ndarray | None) -> Verdict:
    if before is None or after is None:
        where = "rebuilt" if before is None else "pinned"
        return _different(name, f"only in the {where} fixture")
    if before.dtype != after.dtype:
        return _different(name, f"dtype {before.dtype.str} -> {after.dtype.str}")
    if before.shape != after.shape:
        return _different(name, f"shape {before.shape} -> {after.shape}")
    # bytes, because values hide a zero's sign and a NaN is not equal to itself
    changed = (_bytes(before) != _bytes(after)).any(axis=-1)
    if not changed.any():
        return Verdict(array=name, verdict="identical")
    first = _index(changed, int(np.argmax(changed)))
    count = f"{np.count_nonzero(changed)} of {changed.size} values, first at {first}"
    if before.dtype.str[1:] not in _FLOATS:
        return _different(name, count)
    # a change without a distance, such as a zero's sign, still has its place
    distance = np.where(changed, ulp_distance(before, after), -1.0)
    worst = int(np.argmax(distance))
    largest = float(distance.flat[worst])
    return Verdict(
        array=name,
        verdict="within tolerance" if largest <= TOLERANCE_ULP else "different",
        detail=f"{count}; largest {largest:.0f} ULP at {_index(distance, worst)}",
    )


def _different(name: str, detail: str) -> Verdict:
    return Verdict(array=name, verdict="different", detail=detail)


def _bytes(array: np.ndarray) -> np.ndarray:
    """The bytes of each value, along one axis more."""
    return np.frombuffer(array.tobytes(), np.uint8).reshape(*array.shape, array.itemsize)


def _index(array: np.ndarray, flat: int) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(flat, array.shape))


def ulp_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many steps lie between two floats, each to the next one there is, value by value.

    Parameters
    ----------
    a, b : ndarray
        Of one shape and one dtype: float16, float32, float64, or complex of the latter two.

    Returns
    -------
    ndarray of float64
        0 for zeros of either sign and for two NaN; infinite where one of the two is not finite.
        For complex values the larger of the two parts' distances.
    """
    if a.dtype.kind == "c":
        larger: np.ndarray = np.maximum(ulp_distance(a.real, b.real), ulp_distance(a.imag, b.imag))
        return larger
    left, right = _rank(a), _rank(b)
    # as unsigned numbers, because between the ends of float64 lie more steps than int64 can count
    steps = np.maximum(left, right).view(np.uint64) - np.minimum(left, right).view(np.uint64)
    comparable = np.isfinite(a) & np.isfinite(b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    distance: np.ndarray = np.where(same, 0.0, np.where(comparable, steps.astype(float), np.inf))
    return distance


def _rank(values: np.ndarray) -> np.ndarray:
    """Position of each float among all of its dtype, zeros at 0; int64."""
    bits = np.ascontiguousarray(values).reshape(-1).view(f"{values.dtype.str[0]}i{values.itemsize}")
    lowest = np.int64(np.iinfo(bits.dtype).min)
    # negative floats count downwards
    wide = bits.astype(np.int64)
    return np.where(wide < 0, lowest - wide, wide).reshape(values.shape)


def _rebuild(
    root: Path,
    scratch: Path,
    pin: Pin,
    declared: Params,
    sources: dict[str, RegistryError | None],
) -> Rebuilt:
    try:
        # not healed from the cache, as a load would: nothing is touched here
        pinned = store.read_workspace(root, pin, store.read_sidecar(root, pin))
        _build(root, scratch, pin, declared, sources)
    except RegistryError as error:
        return Rebuilt(
            name=pin.name,
            arrays=[],
            sidecar_same=False,
            failure=str(error),
            exit_code=error.exit_code,
        )
    (scratch / "pinned.npz").write_bytes(pinned)
    arrays = compare(scratch / "pinned.npz", scratch / pin.path, subject=f"fixture {pin.name}")
    text = (scratch / pin.sidecar_path).read_bytes()
    same = text == (root / pin.sidecar_path).read_bytes()
    good = same and all(verdict.good for verdict in arrays)
    return Rebuilt(name=pin.name, arrays=arrays, sidecar_same=same, exit_code=0 if good else 1)


def _build(
    root: Path,
    scratch: Path,
    pin: Pin,
    declared: Params,
    sources: dict[str, RegistryError | None],
) -> None:
    """Build a fixture in the scratch folder, and its source unless that was tried before."""
    entry = declared.fixtures.get(pin.name)
    if entry is None:
        raise CheckError(
            f"fixture {pin.name}",
            expected="an entry in params.yaml to rebuild it from",
            found="none",
            remedy="git checkout -- params.yaml, or name the fixtures to rebuild",
        )
    source = entry["source"]
    if source not in sources:
        try:
            _run(root, scratch, "source", source, declared.sources[source])
            sources[source] = None
        except RegistryError as error:
            sources[source] = error
    failure = sources[source]
    if failure is not None:
        raise failure
    _run(root, scratch, "fixture", pin.name, entry)


def _run(root: Path, scratch: Path, kind: str, name: str, entry: Mapping[str, Any]) -> None:
    # the scratch folder's generators, and this very package
    path = [str(scratch), str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH")]
    result = subprocess.run(
        [sys.executable, "-m", f"generators.{kind}", name, *flags(entry, root)],
        cwd=scratch,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        error = MissingError if result.returncode == MissingError.exit_code else CheckError
        said = result.stderr.strip().removeprefix("error: ") or f"exit code {result.returncode}"
        raise error(
            f"{kind} {name}: rebuild",
            expected="its generator to build it again",
            found="\n            ".join(said.splitlines()),
            remedy=f"dvc repro {kind}@{name} shows the same in place",
        )
