"""Where a training's losses are written, step by step: Lightning's loggers, by name.

Each has a folder of its name in the output folder.
"""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import CSVLogger, Logger

from registry import extras, files
from registry.errors import MissingError


def logger(name: str, output_dir: Path, *, resume: bool) -> Logger:
    """A logger that writes into the folder ``name`` of an output folder.

    Parameters
    ----------
    name : str
        One of `registry.training.options.LOGGERS`.
    resume : bool
        Whether there is a log to go on with. CSV and TensorBoard begin another version beside it.

    Raises
    ------
    MissingError
        What it needs is not installed, or DVC's database cannot be opened.
    """
    make: Callable[[Path, bool], Logger] = {
        "csv": _csv,
        "tensorboard": _tensorboard,
        "dvclive": _dvclive,
    }[name]
    return make(output_dir, resume)


def _csv(output_dir: Path, _: bool) -> Logger:
    return CSVLogger(output_dir, name="csv")


def _tensorboard(output_dir: Path, _: bool) -> Logger:
    if not any(map(extras.installed, ("tensorboard", "tensorboardX"))):
        raise MissingError(
            "logger tensorboard",
            expected="tensorboard or tensorboardX, installed",
            found="neither",
            remedy="pip install tensorboard, or --logger csv",
        )
    from lightning.pytorch.loggers import TensorBoardLogger

    return TensorBoardLogger(output_dir, name="tensorboard")


def _dvclive(output_dir: Path, resume: bool) -> Logger:
    if not extras.installed("dvclive"):
        raise extras.missing("train", "logger dvclive", expected="dvclive, installed")
    from dvclive.lightning import DVCLiveLogger
    from dvclive.live import Live

    class OfflineLive(Live):
        """Sends nothing to DVC Studio, for which DVCLive has a queue whether it is used or not.

        A thread takes from that queue, and the end waits until it has taken all. An interrupt
        between the making of the queue and the start of its thread left a queue from which nobody
        ever takes. It also read the whole log again at every step.
        """

        def _init_studio(self) -> None:
            self._studio_events_to_skip = {"start", "data", "done"}

        def post_data_to_studio(self) -> None:
            pass

    class StepLogger(DVCLiveLogger):
        """Numbers steps as the trainer does: DVCLive takes step 0 for none, and calls it 1."""

        begun = False

        def log_metrics(
            self, metrics: Mapping[str, Any], step: int | None = None, sync: bool | None = True
        ) -> None:
            if step is not None and resume and not self.begun:
                _forget(Path(self.experiment.plots_dir) / "metrics", step)
            self.begun = True
            if step == 0:
                # from where it counts on by one
                self.experiment.step = -1
            super().log_metrics(metrics, step, sync)

    try:
        live = OfflineLive(
            str(output_dir / "dvclive"), dvcyaml=None, save_dvc_exp=False, resume=resume
        )
    except sqlite3.Error as error:
        raise MissingError(
            "DVC's database, which DVCLive opens",
            expected="a file that can be read and written",
            found=str(error),
            remedy="free some space, or see that DVC's folders are yours to write; "
            "then run the command again",
        ) from None
    return StepLogger(experiment=live)


def _forget(folder: Path, step: int) -> None:
    """Drop what was logged of steps that are made again: those after the last whole epoch."""
    for path in folder.rglob("*.tsv"):
        rows = list(csv.DictReader(io.StringIO(files.read(path).decode()), delimiter="\t"))
        kept = io.StringIO()
        writer = csv.DictWriter(
            kept, rows[0] if rows else ["step"], delimiter="\t", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(row for row in rows if int(row["step"]) < step)
        files.write_atomic(path, kept.getvalue().encode())
