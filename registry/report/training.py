"""What the envelope has of a fixture: verdicts on budgets, losses, a reconstruction.

These files are results, not pinned data: the report says so beside them. Whatever is not there, or
not what it should be, is left out or named, and keeps nothing else from being shown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import digests, files
from registry.declare.params import SWEEP, Envelope
from registry.errors import RegistryError
from registry.identity import foreign_npz
from registry.training import envelope
from registry.training.results import Results
from registry.training.verdicts import BudgetVerdict

if TYPE_CHECKING:
    import numpy as np

_OF_A_POINT = ("train_limit_s", "peak_rss_mb", "artifacts_mb")


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Training of one fixture at one gridsize.

    ``folder`` is where its results are, relative to the registry. ``figures`` are those that have a
    budget, ``quality`` is what came of it, by name. ``losses`` are (step, loss). ``reconstruction``
    is the SHA-256 of its file, empty where the file of these results is not there. ``problems`` are
    what could not be read, and why results are out of date.
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
    """Declared runs of one fixture that have results, with points of the sweep, by gridsize.

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
        known = Envelope.from_dict(declared) if isinstance(declared, dict) else None
    except (AttributeError, KeyError, TypeError):
        known = None
    if known is None:
        return []
    found: dict[int, Run] = {}
    for key in (*known.runs, SWEEP):
        given = known.trainings(key)
        if given[0]["fixture"] != name or not (root / envelope.results_path(key)).exists():
            continue
        folder = envelope.results_path(key).as_posix()
        try:
            for results, judged in envelope.judge(root, key, known):
                gridsize = results.settings["gridsize"]
                if key == SWEEP:
                    at = found.setdefault(gridsize, Run(gridsize=gridsize, folder=folder))
                    at.figures.append(_point(results, judged))
                    # of all points the same
                    at.problems[:] = at.problems or _outdated(judged)
                else:
                    found[gridsize] = _run(root, key, results, judged)
        except RegistryError as error:
            gridsize = given[0]["gridsize"]
            at = found.setdefault(gridsize, Run(gridsize=gridsize, folder=folder))
            at.problems.append(f"{error.subject}: {error.found}")
    return [found[gridsize] for gridsize in sorted(found)]


def _run(root: Path, name: str, results: Results, judged: list[BudgetVerdict]) -> Run:
    path = root / envelope.reconstruction_path(name)
    is_its_own = path.is_file() and digests.sha256_file(path) == results.reconstruction
    return Run(
        gridsize=results.settings["gridsize"],
        folder=envelope.results_path(name).as_posix(),
        figures=[item for item in judged if item.what != "settings"],
        quality=dict(results.quality),
        machine=results.machine,
        losses=[row for row in enumerate(results.losses, 1) if math.isfinite(row[1])],
        reconstruction=results.reconstruction if is_its_own else "",
        problems=_outdated(judged),
    )


def _outdated(judged: list[BudgetVerdict]) -> list[str]:
    found = (item.error for item in judged if item.what == "settings")
    return [f"out of date: {error.found}" for error in found if error]


def _point(results: Results, judged: list[BudgetVerdict]) -> BudgetVerdict:
    """A point of the sweep as one line."""
    of_point = [item for item in judged if item.what in _OF_A_POINT]
    return BudgetVerdict(
        what=f"{results.settings['max_epochs']} epochs, {results.settings['n_images']} images",
        measured=", ".join(item.measured for item in of_point),
        budget=", ".join(item.budget for item in of_point),
        error=next((item.error for item in of_point if item.error), None),
    )


def reconstruction_path(run: Run) -> str:
    """Path of the file that has what a run reconstructed, relative to the registry."""
    return envelope.reconstruction_path(Path(run.folder).stem).as_posix()


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
