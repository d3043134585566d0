"""Measured runs of the reference workflow, each command in a process of its own, on one thread.

Nothing here imports torch: it is the children that need it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import files, temporary
from registry.environment import REGISTRY
from registry.errors import CheckError, LockedError, MissingError, RegistryError, UsageError

# Whatever might start threads of its own: OpenMP, and the libraries that numpy is built with.
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
_PACKAGE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """What one process took.

    wall_s : float
        From its start to its end.
    phases_s : mapping of str to float
        ``imports``, then the workflow's own phases, then ``rest``: the interpreter's start and end
        and the fixture's loading. Together they are ``wall_s``.
    peak_rss_bytes : int
    """

    wall_s: float
    phases_s: Mapping[str, float]
    peak_rss_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one training and the inference after it took, and what came of them.

    ``artifact_bytes`` is of all files that they left: checkpoint, logs, reconstruction.
    ``learned`` and ``inferred`` are what ``train.json`` and ``infer.json`` say, ``losses`` those of
    all steps, ``files`` the reconstruction and its pictures by name.
    """

    train: Process
    infer: Process
    artifact_bytes: int
    learned: Mapping[str, Any]
    inferred: Mapping[str, Any]
    losses: tuple[float, ...]
    files: Mapping[str, bytes]


def workflow(root: Path, fixture: str, *options: str) -> Outcome:
    """Train on a fixture, then infer, in a folder that is gone afterwards.

    Parameters
    ----------
    root : path
        The registry's top folder.
    fixture : str
    options : str
        For ``fixtures train``.

    Raises
    ------
    RegistryError
        A command failed.
    """
    with temporary.folder("envelope") as folder:
        reports, results = folder / "reports", folder / "results"
        reports.mkdir()
        place = ("--output-dir", str(results))
        train, learned = _command(root, reports, results, "train", fixture, *place, *options)
        checkpoint = str(results / "model.ckpt")
        infer, inferred = _command(root, reports, results, "infer", checkpoint, fixture, *place)
        left = [path for path in results.rglob("*") if path.is_file()]
        return Outcome(
            train=train,
            infer=infer,
            artifact_bytes=sum(path.stat().st_size for path in left),
            learned=learned,
            inferred=inferred,
            losses=tuple(learned.pop("losses")),
            files={
                file: files.read(results / file)
                for file in ("reconstruction.npz", "amplitude.png", "phase.png")
            },
        )


def calibrate(root: Path) -> float:
    """Seconds that `registry.training.calibration` takes now, in a process of its own."""
    return float(python(root, "-m", "registry.training.calibration"))


def warm_up(root: Path) -> None:
    """Have the system read the libraries once: the first repeat shall not wait for a disk."""
    python(root, "-c", "from registry.training import imports; imports.workflow()")


def python(root: Path, *arguments: str) -> str:
    """Run Python on one thread in the registry's top folder.

    Returns
    -------
    str
        What it printed.

    Raises
    ------
    RegistryError
        It failed; with the end of what it said, and its exit code where that is one of ours.
    """
    path = filter(None, (str(_PACKAGE), os.environ.get("PYTHONPATH")))
    environment = {
        **os.environ,
        **_ONE_THREAD,
        REGISTRY: str(root.absolute()),
        "PYTHONPATH": os.pathsep.join(path),
    }
    # as from a shell: by it DVCLive would know that it runs in a stage, and look for its part there
    environment.pop("DVC_ROOT", None)
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if ended.returncode:
        raise _failed(arguments, ended)
    return ended.stdout


def _command(
    root: Path, reports: Path, results: Path, command: str, *arguments: str
) -> tuple[Process, dict[str, Any]]:
    report = reports / f"{command}.json"
    begin = time.perf_counter()
    python(root, "-m", "registry.cli.measured", str(report), command, *arguments)
    wall = time.perf_counter() - begin
    taken = json.loads(files.read(report))
    # what the workflow itself says of the run
    said = json.loads(files.read(results / f"{command}.json"))
    phases = {"imports": taken["imports_s"], **said.pop("seconds")}
    phases["rest"] = round(wall - sum(phases.values()), 3)
    process = Process(
        wall_s=round(wall, 3), phases_s=phases, peak_rss_bytes=taken["peak_rss_bytes"]
    )
    return process, said


def _failed(arguments: Sequence[str], ended: subprocess.CompletedProcess[str]) -> RegistryError:
    said = (ended.stderr.strip() or ended.stdout.strip() or "nothing").splitlines()[-12:]
    # of the same exit code, where it is one of ours
    kind = {2: UsageError, 3: MissingError, 4: LockedError}.get(ended.returncode, CheckError)
    return kind(
        f"measured process: python {' '.join(arguments)}",
        expected="exit code 0",
        found="\n            ".join([f"exit code {ended.returncode}; it said", *said]),
        remedy="mend what it says, then run the command again",
    )
