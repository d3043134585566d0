"""Signals to trainings at random moments: how they end, what they leave, and how they go on.

A training is deterministic. So whatever interrupts it, and wherever, it ends with the losses of the
one that nobody interrupts.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.kit.repository import REPOSITORY

PROGRAM = (sys.executable, "-m", "registry.cli", "train")
FIXTURE = "minimal_dataset_v1_n16"
EPOCHS = 3
LIMIT_S = 120
LOGGERS = ("csv", "dvclive")
SIGNALS = (signal.SIGINT, signal.SIGTERM)
# By the program, by the system, and where all was done before the signal.
CODES = {number: {128 + number, -number, 0} for number in SIGNALS}


@dataclass
class Result:
    """How often a signal came, how that ended by exit code, and what was wrong.

    seconds : float
        What the last training took that nobody interrupted: of those the moments are parts, as a
        machine has more to do at one time than at another.
    """

    seconds: float
    codes: dict[int, int] = field(default_factory=dict)
    kept: int = 0
    starts: int = 0
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        codes = ", ".join(f"{count} with {code}" for code, count in sorted(self.codes.items()))
        return (
            f"train: {sum(self.codes.values())} interrupted, lately {self.seconds:.2f} s long: "
            f"{codes}; "
            f"{self.kept} had a checkpoint, {self.starts} were at the interpreter's start: "
            f"{len(self.findings)} findings"
        )


def measure(
    folder: Path, *, count: int, seed: int, say: Callable[[object], None] = lambda _: None
) -> Result:
    """Interrupt so many trainings, each in a folder of its own, and have each go on.

    It takes a while; what is wrong is said at once, and what there is so far now and then.
    """
    moments = random.Random(f"{seed} train")
    # A shell has what it puts in the background ignore SIGINT, and trainings would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    seconds, code, said = _whole(folder / "whole", LOGGERS[0])
    assert code == 0, said
    result = Result(seconds)
    losses = _losses(folder / "whole")
    for number in range(count):
        logger = LOGGERS[number % len(LOGGERS)]
        first = moments.choice(SIGNALS)
        sent = [(moments.random(), first)]
        if moments.random() < 0.5:
            sent.append((moments.uniform(0, 0.1), moments.choice(SIGNALS)))
        where = ", ".join(f"{each.name} after {part:.3f} of it" for part, each in sent)
        found = _try(folder / str(number), logger, sent, losses, result)
        for each in found:
            result.findings.append(f"{number} ({logger}), {where}: {each}")
            say(result.findings[-1])
        if number % 20 == 19:
            say(result)
    return result


def _try(
    run: Path,
    logger: str,
    sent: list[tuple[float, signal.Signals]],
    losses: list[float],
    result: Result,
) -> Iterator[str]:
    process = _start(run, logger)
    for part, number in sent:
        with suppress(subprocess.TimeoutExpired):
            process.wait(part * result.seconds)
        process.send_signal(number)
    try:
        code, said = _end(process)
    except subprocess.TimeoutExpired:
        process.kill()
        yield f"hangs: {_end(process)[1]}"
        return
    result.codes[code] = result.codes.get(code, 0) + 1
    # Python's own, which ends with 1 where it has not found its first module yet
    is_start = "KeyboardInterrupt" in said and "registry/" not in said
    if not is_start and code not in set().union(*(CODES[number] for _, number in sent)):
        yield f"ends with {code}: {said}"
    if "Traceback" in said:
        result.starts += "registry/cli/train.py" not in said
        if "registry/cli/train.py" in said:
            yield f"says {said}"
    is_kept = (run / "model.ckpt").exists()
    result.kept += is_kept
    if (run / "train.json").exists() and _losses(run) != losses:
        yield "other losses in train.json"
    seconds, code, said = _whole(run, logger, *(["--resume"] if is_kept else []))
    if not is_kept:
        result.seconds = seconds
    if code != 0:
        yield f"does not go on: {said}"
    elif _losses(run) != losses:
        yield "goes on to other losses"
    left = [str(path.relative_to(run)) for path in run.rglob(".*") if path.is_file()]
    if left:
        yield f"leaves {', '.join(left)}"


def _whole(run: Path, logger: str, *options: str) -> tuple[float, int, str]:
    begun = time.monotonic()
    code, said = _end(_start(run, logger, *options))
    return time.monotonic() - begun, code, said


def _start(run: Path, logger: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(*PROGRAM, FIXTURE, "--max-epochs", str(EPOCHS)),
            *("--output-dir", str(run), "--logger", logger, *options),
        ],
        env={**os.environ, "FIXTURES_REGISTRY": str(REPOSITORY), "CUDA_VISIBLE_DEVICES": ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _end(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate(timeout=LIMIT_S)
    return process.returncode, said


def _losses(run: Path) -> list[float]:
    found: list[float] = json.loads((run / "train.json").read_text())["losses"]
    return found
