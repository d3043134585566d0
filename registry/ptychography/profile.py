"""Profile of any ``.npz``: its arrays, and how far they are from the data contract DATA-001."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.byte_order import stored_dtype
from registry.contract import Array
from registry.identity.inventory import inventory
from registry.ptychography.contracts import DATA_001


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One requirement: its verdict is PASS, FAIL, or MISSING where only some uses need it."""

    requirement: str
    observed: str
    verdict: str
    remark: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """Inventory (see `registry.identity.inventory`) and compliance of a file's arrays."""

    arrays: dict[str, dict[str, Any]]
    compliance: list[Row]


def profile(arrays: Mapping[str, np.ndarray], *, described: bool = False) -> Profile:
    """Profile arrays; nothing about them is taken for granted.

    ``described`` says that a sidecar has these very arrays, so that frames are in the contract's
    order of axes where their shape alone cannot tell.
    """
    numeric = {name: array for name, array in arrays.items() if array.dtype.kind in "biufc"}
    records = inventory(numeric)
    return Profile(arrays=records, compliance=_compliance(arrays, records, described))


def _compliance(
    arrays: Mapping[str, np.ndarray], records: Mapping[str, dict[str, Any]], described: bool
) -> list[Row]:
    key = "diffraction" if "diffraction" in arrays or "diff3d" not in arrays else "diff3d"
    frames = arrays.get(key)
    rows = [
        _axes(key, frames, arrays, described),
        _dtype(key, frames),
        _amplitude(DATA_001[key], records.get(key)),
    ]
    rows += [_dtype(name, arrays.get(name)) for name in ("objectGuess", "probeGuess")]
    rows.append(_coordinates(arrays))
    patches = arrays.get("Y")
    rows.append(
        Row(
            requirement="Y patches present",
            observed="none" if patches is None else str(patches.shape),
            verdict="MISSING" if patches is None else "PASS",
            remark="needed for supervised training only" if patches is None else "",
        )
    )
    return rows


def _axes(
    key: str, frames: np.ndarray | None, arrays: Mapping[str, np.ndarray], described: bool
) -> Row:
    requirement = f"{key} axes ({', '.join(DATA_001[key].axes)})"
    if frames is None:
        return Row(requirement=requirement, observed="none", verdict="FAIL", remark="no frames")
    observed = str(frames.shape)
    n = arrays["xcoords"].size if "xcoords" in arrays else None
    probe = arrays["probeGuess"].shape[-2:] if "probeGuess" in arrays else frames.shape[1:]
    canonical = frames.ndim == 3 and frames.shape == (n or frames.shape[0], *probe)
    legacy = frames.ndim == 3 and n is not None and frames.shape == (*probe, n)
    if canonical and legacy:
        return Row(
            requirement=requirement,
            observed=observed,
            verdict="PASS" if described else "AMBIGUOUS",
            remark="as its sidecar says" if described else "H = W = N: the layout must be declared",
        )
    if canonical:
        return Row(requirement=requirement, observed=observed, verdict="PASS", remark="")
    remark = "legacy (H, W, N): transpose" if legacy else "axes fit neither layout"
    return Row(requirement=requirement, observed=observed, verdict="FAIL", remark=remark)


def _dtype(name: str, array: np.ndarray | None) -> Row:
    wanted = np.dtype(DATA_001[name].dtype)
    requirement = f"{name} dtype {wanted.name}"
    if array is None:
        return Row(requirement=requirement, observed="none", verdict="FAIL", remark="missing")
    stored = stored_dtype(array.dtype)
    good = stored.str == wanted.str
    foreign = stored.str[0] == ">"
    return Row(
        requirement=requirement,
        observed=array.dtype.name + (" (foreign byte order)" if foreign else ""),
        verdict="PASS" if good else "FAIL",
        remark="" if good else "convert",
    )


def _amplitude(wanted: Array, record: Mapping[str, Any] | None) -> Row:
    requirement = f"{wanted.name} amplitude, {wanted.least:g} to {wanted.below:g}"
    if record is None:
        return Row(requirement=requirement, observed="none", verdict="FAIL", remark="no frames")
    low, high = record["range"]
    good = bool(record["finite"]) and low >= wanted.least and high < wanted.below
    remark = "" if good else "counts or intensities, negative or not finite values"
    return Row(
        requirement=requirement,
        observed=f"[{low:.4g}, {high:.4f}]" + ("" if record["finite"] else ", not all finite"),
        verdict="PASS" if good else "FAIL",
        remark=remark,
    )


def _coordinates(arrays: Mapping[str, np.ndarray]) -> Row:
    found = [arrays[name] for name in ("xcoords", "ycoords") if name in arrays]
    good = (
        len(found) == 2
        and found[0].shape == found[1].shape
        and all(array.dtype == np.float64 and np.isfinite(array).all() for array in found)
    )
    return Row(
        requirement="coordinates xcoords, ycoords float64",
        observed=f"{found[0].size} positions" if found else "none",
        verdict="PASS" if good else "FAIL",
        remark="" if good else "two float64 arrays of one length",
    )
