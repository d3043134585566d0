"""The envelope: what the reference workflow takes on fixtures, run by run and over a sweep.

What a training takes follows from no declaration, so no DVC stage makes it: `fixtures envelope`
measures whenever it is told to. DVC shows what that left: ``envelope/dvc.yaml``.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from registry import files, loading, machine
from registry.build import closure
from registry.declare.params import SWEEP, Envelope
from registry.digests import sha256
from registry.errors import CheckError, MissingError
from registry.identity import pins
from registry.training import measuring, verdicts
from registry.training.results import Results
from registry.training.verdicts import BudgetVerdict

FOLDER = Path("envelope")
_NO_OPTIONS = {"fixture", "repeats", "sha256", "code"}
_PROGRAMS = ("registry.training.measuring", "registry.cli.train", "registry.cli.infer")


def measure(root: Path, name: str, declared: Envelope, say: Callable[[str], object]) -> None:
    """Measure a run or the sweep, and write what it took and what came of it.

    Raises
    ------
    RegistryError
        A command failed; nothing is written.
    """
    # the first repeat shall not wait for a disk
    measuring.run(root, "-c", "import torch")
    measured = [_measure(root, given, say) for given in settings(root, name, declared)]
    text = ",\n".join(json.dumps(asdict(found)) for found, _ in measured)
    written = {root / results_path(name): f"[{text}]\n".encode()}
    if name != SWEEP:
        ((found, reconstruction),) = measured
        shown = f"{json.dumps(found.metrics)}\n"
        written[root / FOLDER / "metrics" / f"{name}.json"] = shown.encode()
        written[root / FOLDER / "losses" / f"{name}.svg"] = _drawn(name, found.losses)
        written[root / reconstruction_path(name)] = reconstruction
    files.write_together(written)


def _measure(
    root: Path, given: Mapping[str, Any], say: Callable[[str], object]
) -> tuple[Results, bytes]:
    options = {key: value for key, value in given.items() if key not in _NO_OPTIONS}
    size = f"gridsize {given['gridsize']}, {given['max_epochs']} epochs"
    where = f"{given['fixture']}, {size}, {given.get('n_images', 'all')} images"
    outcomes = []
    for number in range(1, given["repeats"] + 1):
        outcome = measuring.workflow(root, given["fixture"], options)
        seconds = outcome.figures["train_wall_s"]
        say(f"{where}, {number} of {given['repeats']}: {seconds:.1f} s")
        outcomes.append(outcome)
    came = [(outcome.learned["losses"], outcome.reconstruction) for outcome in outcomes]
    first = outcomes[0]
    said = {**first.learned, **first.inferred, **first.inferred["object"]}
    found = Results(
        settings=given,
        machine=f"{machine.here()}, {os.cpu_count()} cores, torch {metadata.version('torch')}",
        repeats=[outcome.figures for outcome in outcomes],
        identical=all(each == came[0] for each in came),
        reconstruction=sha256(first.reconstruction),
        quality={key: value for key, value in said.items() if isinstance(value, float)},
        losses=first.learned["losses"],
    )
    return found, first.reconstruction


def results_path(name: str) -> Path:
    """Path of the results of a run or of the sweep, relative to the registry."""
    return FOLDER / "results" / f"{name}.json"


def reconstruction_path(name: str) -> Path:
    """Path of what a run reconstructed, relative to the registry; git ignores it."""
    return FOLDER / "reconstructions" / f"{name}.npz"


def settings(root: Path, name: str, declared: Envelope) -> list[dict[str, Any]]:
    """What is measured in a run, or point by point of the sweep.

    Declared options, the pinned bytes, and a digest of the programs.
    """
    code = sha256(closure.text(root, _PROGRAMS).encode())[:16]
    return [
        {
            **given,
            "sha256": loading.read_sidecar(root, pins.find(root, given["fixture"])).sha256_checksum,
            "code": code,
        }
        for given in declared.trainings(name)
    ]


def judge(root: Path, name: str, declared: Envelope) -> list[tuple[Results, list[BudgetVerdict]]]:
    """Results of a run, or of each point of the sweep, with what is to be said of them.

    Raises
    ------
    MissingError
        There are none.
    CheckError
        The file holds something else, or another sweep.
    """
    path = results_path(name)
    try:
        found = [Results(**each) for each in json.loads(files.read(root / path))]
        wanted = settings(root, name, declared)
        return [
            (each, verdicts.judge(each.label or name, each, declared.budgets, given))
            for each, given in zip(found, wanted, strict=True)
        ]
    except (OSError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        kind = MissingError if isinstance(error, FileNotFoundError) else CheckError
        raise kind(
            f"{name}: results",
            expected=f"{path.as_posix()}, as it was written for what is declared",
            found="no such file" if kind is MissingError else f"{type(error).__name__}: {error}",
            remedy=f"fixtures envelope {'--sweep' if name == SWEEP else name}",
        ) from None


def _drawn(name: str, losses: Sequence[float]) -> bytes:
    """The losses as a picture; of a table `dvc plots show` makes one by scripts from the web."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure, drawn = Figure(figsize=(6, 3), layout="constrained"), io.BytesIO()
    axes = figure.add_subplot(title=name, xlabel="step", ylabel="loss")
    axes.plot(range(1, len(losses) + 1), losses)
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()
