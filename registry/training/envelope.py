"""The envelope: what the reference workflow takes on a fixture.

``python -m registry.training.envelope --fixture NAME ...`` is the stage that measures one run of
``params.yaml`` and leaves its results in ``envelope/results/NAME_gGRIDSIZE``. Nothing here imports
torch: it is the processes that are measured which do.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from registry import console, files, loading
from registry.build import closure
from registry.declare.params import Envelope, EnvelopeOptions, EnvelopeRun
from registry.digests import sha256
from registry.errors import CheckError, MissingError
from registry.identity import pins
from registry.training import measuring
from registry.training.measuring import Outcome
from registry.training.results import METRICS, Quality, Repeat, Results

FOLDER = Path("envelope")
RESULTS = FOLDER / "results"
LOSSES = "loss.csv"
# This one, and the one of each process that is measured.
_PROGRAMS = ("registry.training.envelope", "registry.cli.measured")


def read(root: Path, name: str) -> Results:
    """Results of one run.

    Raises
    ------
    MissingError
        There are none.
    CheckError
        They are none.
    """
    path = root / RESULTS / name / METRICS
    try:
        data = files.read(path)
    except FileNotFoundError:
        raise MissingError(
            f"{name}: results",
            expected=(RESULTS / name / METRICS).as_posix(),
            found="no such file",
            remedy=f"fixtures envelope {name}",
        ) from None
    return Results.parse(data, subject=name)


def stale(root: Path, name: str, found: Results, declared: Envelope) -> CheckError | None:
    """Why results no longer tell about what is declared and what is in the tree, or None."""
    run = declared.runs[name]
    pin = pins.find(root, run.fixture)
    wanted = {
        **settings(run, declared.options),
        "sha256": loading.read_sidecar(root, pin).sha256_checksum,
        "code": code(root),
    }
    changed = [
        f"{key} {value}, measured with {found.settings.get(key)}"
        for key, value in wanted.items()
        if found.settings.get(key) != value
    ]
    if not changed:
        return None
    return CheckError(
        f"{name}: results",
        expected="results of what is declared and of what is in the tree",
        found="changed since: " + ", ".join(changed),
        remedy=f"fixtures envelope {name}",
    )


def settings(run: EnvelopeRun, options: EnvelopeOptions) -> dict[str, Any]:
    """What a run is given, as ``metrics.json`` has it."""
    return {**asdict(run), **asdict(options)}


def code(root: Path) -> str:
    """Digest of all that the measured programs do."""
    return sha256(closure.text(root, _PROGRAMS).encode())[:16]


def measure(
    root: Path, run: EnvelopeRun, options: EnvelopeOptions, say: Callable[[str], object]
) -> dict[str, bytes]:
    """Measure one run: files for its folder, by name.

    Raises
    ------
    RegistryError
        A command failed.
    """
    flags = [
        f"--{key.replace('_', '-')}={value}"
        for key, value in settings(run, options).items()
        if key not in ("fixture", "repeats")
    ]
    first: Outcome | None = None
    identical = True
    repeats = []
    measuring.warm_up(root)
    before = measuring.calibrate(root)
    for number in range(1, options.repeats + 1):
        outcome = measuring.workflow(root, run.fixture, *flags)
        after = measuring.calibrate(root)
        repeats.append(_repeat(outcome, (before + after) / 2))
        say(
            f"{number} of {options.repeats}: train {outcome.train.wall_s:.1f} s, "
            f"infer {outcome.infer.wall_s:.1f} s, calibration {repeats[-1].calibration_s:.2f} s"
        )
        before = after
        first = first or outcome
        identical = identical and (outcome.losses, outcome.files) == (first.losses, first.files)
    assert first is not None
    found = Results(
        settings={
            **settings(run, options),
            "sha256": first.learned["training"]["sha256"],
            "code": code(root),
        },
        quality=_quality(first),
        repeats_identical=identical,
        machine=machine(),
        repeats=tuple(repeats),
    )
    rows = "".join(f"{step},{loss}\n" for step, loss in enumerate(first.losses, 1))
    return {METRICS: found.encode(), LOSSES: f"step,loss\n{rows}".encode(), **first.files}


def _repeat(outcome: Outcome, calibration_s: float) -> Repeat:
    return Repeat(
        train_s=outcome.train.wall_s,
        infer_s=outcome.infer.wall_s,
        calibration_s=round(calibration_s, 4),
        train_phases_s=outcome.train.phases_s,
        infer_phases_s=outcome.infer.phases_s,
        train_peak_rss_bytes=outcome.train.peak_rss_bytes,
        infer_peak_rss_bytes=outcome.infer.peak_rss_bytes,
        artifact_bytes=outcome.artifact_bytes,
    )


def _quality(outcome: Outcome) -> Quality:
    found = {**outcome.inferred, **outcome.inferred["object"]}
    losses = {"first_loss": outcome.losses[0], "last_loss": outcome.losses[-1]}
    named = {item.name for item in fields(Quality)} - losses.keys()
    return Quality(**losses, **{name: found[name] for name in named})


def machine() -> str:
    """What figures were measured on, in words that name no host and no path."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        match = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE)
        processor = match[1].strip() if match else processor
    return (
        f"{processor}, {os.cpu_count()} cores, {platform.system()}; "
        f"Python {platform.python_version()}, {versions()}"
    )


def versions() -> str:
    """Of what does the work, in words."""
    return ", ".join(f"{name} {_version(name)}" for name in ("numpy", "torch", "lightning"))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def main(argv: Sequence[str] | None = None) -> int:
    """The stage: flags are what DVC makes of an entry, so they have underscores."""
    parser = argparse.ArgumentParser(description="the envelope's stage", allow_abbrev=False)
    parser.add_argument("--fixture", required=True)
    parser.add_argument("--gridsize", type=int, required=True)
    parser.add_argument("--loss", default="mae")
    for item in fields(EnvelopeOptions):
        parser.add_argument(f"--{item.name}", type=int, required=True)
    values = vars(parser.parse_args(argv))
    run = EnvelopeRun(**{item.name: values.pop(item.name) for item in fields(EnvelopeRun)})
    root, name = Path(), f"{run.fixture}_g{run.gridsize}"

    def say(text: str) -> None:
        sys.stdout.write(f"{name}, {text}\n")
        sys.stdout.flush()

    found = measure(root, run, EnvelopeOptions(**values), say)
    folder = root / RESULTS / name
    files.write_together({folder / file: data for file, data in found.items()})
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))
