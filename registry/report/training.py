"""What the training stage left of a fixture: verdicts on budgets, losses, a reconstruction.

These files are results, not pinned data: the report says so beside them. Whatever is not there, or
not what it should be, is left out or named, and keeps nothing else from being shown.
"""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import digests, files
from registry.declare.params import Envelope
from registry.errors import RegistryError
from registry.identity import foreign_npz
from registry.training import envelope, verdicts
from registry.training.results import METRICS, Results
from registry.training.verdicts import BudgetVerdict

if TYPE_CHECKING:
    import numpy as np

_GRIDSIZE = re.compile(r"_g([1-9][0-9]*)")
_RECONSTRUCTION = "reconstruction.npz"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Training of one fixture at one gridsize.

    ``folder`` is relative to the registry. ``figures`` are those that have a budget, ``quality`` is
    what came of it, by name. ``losses`` are (step, loss). ``reconstruction`` is the SHA-256 of its
    file, empty where there is none. ``problems`` are what could not be read, and why results are
    out of date.
    """

    gridsize: int
    folder: str
    figures: list[BudgetVerdict] = field(default_factory=list)
    quality: dict[str, float] = field(default_factory=dict)
    machine: str = ""
    losses: list[tuple[float, float]] = field(default_factory=list)
    reconstruction: str = ""
    problems: list[str] = field(default_factory=list)


# What YAML admits and Python has not: a 30th of February, a number of more digits than it prints.
_NOT_IN_PYTHON = (ValueError, ArithmeticError, LookupError, TypeError, RecursionError)


def read_declaration(path: Path) -> dict[str, Any]:
    """``params.yaml`` as it stands; empty where there is none. The pipeline validates it."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(files.read(path), Loader=loader)
    except (OSError, yaml.YAMLError, *_NOT_IN_PYTHON):
        return {}
    return document if isinstance(document, dict) else {}


def runs(root: Path, name: str, declared: object) -> list[Run]:
    """Runs of one fixture, by gridsize.

    Parameters
    ----------
    root : path
        The registry's top folder.
    name : str
        The fixture.
    declared : object
        What params.yaml has under ``envelope``, whatever that is.
    """
    try:
        budgets = Envelope.from_dict(declared) if isinstance(declared, dict) else None
    except (AttributeError, KeyError, TypeError):
        budgets = None
    found = []
    for folder in (root / envelope.RESULTS).glob(f"{name}_g*"):
        match = _GRIDSIZE.fullmatch(folder.name.removeprefix(name))
        if match and folder.is_dir():
            found.append(_run(root, folder.name, int(match[1]), budgets))
    return sorted(found, key=lambda run: run.gridsize)


def _run(root: Path, name: str, gridsize: int, declared: Envelope | None) -> Run:
    folder = root / envelope.RESULTS / name
    problems: list[str] = []
    figures: list[BudgetVerdict] = []
    quality: dict[str, float] = {}
    losses, machine, digest = [], "", ""
    try:
        if (text := _read(folder / METRICS)) is not None:
            results = Results.parse(text, subject=name)
            machine = results.machine
            quality = {k: v for k, v in asdict(results.quality).items() if v is not None}
            if declared is not None and name in declared.runs:
                figures = verdicts.judge(name, results, declared)
                outdated = envelope.stale(root, name, results, declared)
                problems += [] if outdated is None else [f"out of date: {outdated.found}"]
    except RegistryError as error:
        problems.append(f"{error.subject}: {error.found}")
    try:
        if (text := _read(folder / envelope.LOSSES)) is not None:
            losses = _losses(text)
    except (KeyError, TypeError, ValueError):
        problems.append(f"{envelope.LOSSES}: not a table of step and loss")
    if (data := _read(folder / _RECONSTRUCTION)) is not None:
        digest = digests.sha256(data)
    return Run(
        gridsize=gridsize,
        folder=(envelope.RESULTS / name).as_posix(),
        figures=figures,
        quality=quality,
        machine=machine,
        losses=losses,
        reconstruction=digest,
        problems=problems,
    )


def _read(path: Path) -> bytes | None:
    try:
        return files.read(path)
    except OSError:
        return None


def _losses(data: bytes) -> list[tuple[float, float]]:
    rows = csv.DictReader(io.StringIO(data.decode()))
    found = [(float(row["step"]), float(row["loss"])) for row in rows]
    return [row for row in found if all(map(math.isfinite, row))]


def reconstruction_path(run: Run) -> str:
    """Path of the file that has what a run reconstructed, relative to the registry."""
    return f"{run.folder}/{_RECONSTRUCTION}"


def reconstruction(root: Path, run: Run) -> tuple[np.ndarray, np.ndarray] | None:
    """Object (Y, X) complex and which of its pixels were scanned (Y, X) bool, if they are there.

    Both cut to the rectangle around the scanned area: the rest is empty. None as well where the
    file is no longer the one that was found.
    """
    path = root / reconstruction_path(run)
    try:
        if digests.sha256_file(path) != run.reconstruction:
            return None
        arrays = foreign_npz.read(path, subject="reconstruction")
    except (OSError, RegistryError):
        return None
    obj, scanned = arrays.get("object"), arrays.get("scanned")
    if obj is None or scanned is None:
        return None
    if obj.ndim != 2 or obj.dtype.kind != "c" or scanned.shape != obj.shape or not scanned.any():
        return None
    rows, columns = scanned.nonzero()
    window = (
        slice(int(rows.min()), int(rows.max()) + 1),
        slice(int(columns.min()), int(columns.max()) + 1),
    )
    return obj[window], scanned[window].astype(bool)
