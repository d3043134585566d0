"""What each part of the reference network is worth: trainings on v1 with one thing changed."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

from torch import nn

import registry
from bench.results import Section, table
from registry.training import inference, workflow
from registry.training.options import Options

TITLE = "what each part of the reference network is worth"
_NAME = "minimal_dataset_v1"
_EPOCHS = 2
_SEEDS = 3
_GRIDSIZES = (1, 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """A change: options of the training, and what else stands in the place of what."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    instead: Mapping[str, Any] = field(default_factory=dict)


def _plain(inputs: int, outputs: int) -> nn.Sequential:
    """A block of the U-Net without its normalisation."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.GELU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.GELU(),
    )


_VARIANTS = (
    Variant(name="as it is"),
    Variant(name="no sweeps after the U-Net", instead={"model.SWEEPS_AFTER": 0}),
    Variant(name="one sweep before it", instead={"model.SWEEPS_BEFORE": 1}),
    Variant(name="sweeps without momentum", instead={"sweeps.MOMENTUM": 0.0}),
    Variant(name="no normalisation", instead={"model._block": _plain}),
    Variant(name="no neighbours in the loss", instead={"workflow.NEIGHBOURS": 0}),
    Variant(name="Poisson likelihood for a loss", options={"loss": "nll"}),
    Variant(name="a fifth of the learning rate", options={"lr": 1e-3}),
    Variant(name="four times the learning rate", options={"lr": 2e-2}),
    Variant(name="nothing learned", options={"lr": 0.0}),
    Variant(
        name="nothing learned, eleven sweeps",
        options={"lr": 0.0},
        instead={"model.SWEEPS_AFTER": 11},
    ),
)


def run(name: str, *, seeds: int = _SEEDS) -> Section:
    """Train each variant at both gridsizes."""
    rows = []
    for variant in _VARIANTS:
        row = [variant.name]
        for gridsize in _GRIDSIZES:
            with _instead(variant.instead):
                found = [_object(gridsize, seed, variant.options) for seed in range(seeds)]
            row += [
                f"{min(each['amplitude_correlation'] for each in found):.3f}",
                f"{max(each['phase_error_rad'] for each in found):.3f}",
            ]
        rows.append(row)
    header = ["v1", *(text for g in _GRIDSIZES for text in (f"gridsize {g}", "phase error rad"))]
    return Section(
        name=name,
        title=TITLE,
        parts=[
            f"Training on `{_NAME}` for {_EPOCHS} epochs, with one thing changed at a time. "
            "Amplitude correlation and mean phase error of the stitched object, the worst of "
            f"{seeds} seeds. What is learned is the difference between the first row and the last "
            "two: in those the U-Net stays at the constant object, and sweeps alone are left.",
            table(header, rows),
        ],
    )


@contextlib.contextmanager
def _instead(changes: Mapping[str, Any]) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for name, value in changes.items():
            stack.enter_context(mock.patch(f"registry.training.{name}", value))
        yield


def _object(gridsize: int, seed: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """How near the object comes, as ``infer.json`` says."""
    fixture = registry.load(_NAME)
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
    ):
        # Lightning's and torch's own
        warnings.simplefilter("ignore")
        run = Path(folder)
        told = Options(
            output_dir=run,
            gridsize=gridsize,
            seed=seed,
            max_epochs=_EPOCHS,
            trainer={"enable_progress_bar": False},
        )
        workflow.train(fixture, replace(told, **options))
        found: dict[str, Any] = inference.infer(run / "model.ckpt", fixture, run)["object"]
    return found
