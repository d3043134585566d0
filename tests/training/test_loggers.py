"""Tests of `registry.training.loggers`."""

from __future__ import annotations

import csv
import json
import sqlite3
import threading

import pytest

from registry.errors import MissingError
from registry.training import loggers
from registry.training.options import LOGGERS


@pytest.fixture(autouse=True)
def _outside_of_a_repository(tmp_path, monkeypatch):
    """DVC leaves files of a repository that DVCLive opens to the garbage collector."""
    monkeypatch.chdir(tmp_path)


def _rows(path, delimiter=","):
    with path.open(newline="") as file:
        return [
            (int(row["step"]), float(row["loss"]))
            for row in csv.DictReader(file, delimiter=delimiter)
        ]


def _table(run):
    return _rows(run / "dvclive" / "plots" / "metrics" / "loss.tsv", "\t")


def test_csv_has_every_step(trained, n16, tmp_path):
    """By default there is a row for each of the four steps of an epoch, numbered from 0."""
    found, _ = trained(n16, max_epochs=2)
    assert _rows(tmp_path / "run" / "csv" / "version_0" / "metrics.csv") == list(
        enumerate(found["losses"])
    )
    assert len(found["losses"]) == 8, "another number of steps"


def test_dvclive_has_every_step_once(trained, n16, tmp_path):
    """DVCLive's table has the same, and no dvc.yaml is written."""
    found, _ = trained(n16, max_epochs=2, logger="dvclive")
    assert _table(tmp_path / "run") == list(enumerate(found["losses"]))
    latest = json.loads((tmp_path / "run" / "dvclive" / "metrics.json").read_text())
    assert (latest["step"], latest["loss"]) == (7, found["last_loss"]), "not the last step"
    assert not list(tmp_path.rglob("dvc.yaml")), "DVCLive wrote a dvc.yaml"


def test_steps_that_are_made_again(trained, n16, tmp_path):
    """A training that goes on forgets what was logged after its last whole epoch."""
    trained(n16, max_epochs=1, logger="dvclive")
    path = tmp_path / "run" / "dvclive" / "plots" / "metrics" / "loss.tsv"
    path.write_text(f"{path.read_text()}4\t0.5\n5\t0.25\n")
    found, _ = trained(n16, max_epochs=2, logger="dvclive", resume=True)
    assert _table(tmp_path / "run") == list(enumerate(found["losses"]))


def test_dvclive_waits_for_nobody(tmp_path, monkeypatch):
    """There is no queue to wait for at the end, and no thread, be DVC Studio configured or not."""
    monkeypatch.setenv("DVC_STUDIO_TOKEN", "a-token")
    monkeypatch.setenv("DVC_STUDIO_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("DVC_STUDIO_REPO_URL", "http://127.0.0.1:9/repo")

    def refuse(*_, **__):
        raise AssertionError("sent to Studio")

    monkeypatch.setattr("dvclive.studio.post_live_metrics", refuse)
    before = threading.active_count()
    logger = loggers.logger("dvclive", tmp_path, resume=False)
    logger.log_metrics({"loss": 0.5}, step=0, sync=True)
    assert threading.active_count() == before, "a thread that sends"
    assert logger.experiment._studio_queue is None, "a queue"
    logger.finalize("failed")
    assert _table(tmp_path) == [(0, 0.5)], "another table"


def test_dvc_s_database_that_cannot_be_opened(tmp_path, monkeypatch):
    """DVCLive opens it; the message says what it is."""

    def refuse(*_):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("dvclive.live.get_dvc_repo", refuse)
    with pytest.raises(MissingError, match="DVC's database") as caught:
        loggers.logger("dvclive", tmp_path, resume=False)
    assert caught.value.found == "disk I/O error"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("tensorboard", "pip install tensorboard, or --logger csv"),
        ("dvclive", "pip install 'fixture-registry[train]'"),
    ],
)
def test_a_logger_that_is_not_installed(name, remedy, tmp_path, monkeypatch):
    """What it needs is said with the command that installs it."""
    monkeypatch.setattr("registry.extras.installed", lambda module: False)
    with pytest.raises(MissingError, match=f"logger {name}") as caught:
        loggers.logger(name, tmp_path, resume=False)
    assert caught.value.remedy == remedy


def test_names(tmp_path):
    """Every name that the command offers has a logger, in a folder of that name."""
    for name in LOGGERS:
        logger = loggers.logger(name, tmp_path, resume=False)
        logger.log_metrics({"loss": 0.5}, step=0)
        logger.finalize("success")
        assert any((tmp_path / name).rglob("*")), f"{name} wrote nothing in its folder"
