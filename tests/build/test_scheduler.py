"""Tests of `registry.build.scheduler`: where one is, and what is said where there is none."""

from __future__ import annotations

import socket

import pytest

from registry.build import scheduler
from registry.errors import CheckError, MissingError

EXPECTED = (
    "an address, such as tcp://HOST:8786, or the file that dask scheduler --scheduler-file writes"
)


def test_an_address_or_a_file(tmp_path):
    """Either says where the scheduler is."""
    assert scheduler._resolved("tls://host:1") == "tls://host:1"
    path = tmp_path / "scheduler.json"
    path.write_text('{"type": "Scheduler", "address": "tcp://127.0.0.1:2"}')
    assert scheduler._resolved(str(path)) == "tcp://127.0.0.1:2"


@pytest.mark.parametrize("text", [None, "", "[]", '{"id": 1}'])
def test_no_file_of_a_scheduler(tmp_path, text):
    """It is said what is looked for."""
    path = tmp_path / "scheduler.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(MissingError) as caught:
        scheduler._resolved(str(path))
    assert caught.value.parts == {
        "subject": f"scheduler {path}",
        "expected": EXPECTED,
        "found": "no such file" if text is None else "a file of something else",
        "remedy": "start a scheduler, or correct the address; docs/cluster.md has the commands",
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{port}", "nothing://127.0.0.1:{port}"])
def test_nobody_answers(monkeypatch, address):
    """It is not waited for long."""
    monkeypatch.setattr(scheduler, "_CONNECT_S", 0.5)
    with socket.socket() as taken:
        # nobody listens
        taken.bind(("127.0.0.1", 0))
        address = address.format(port=taken.getsockname()[1])
        with pytest.raises(MissingError) as caught:
            scheduler.connect(address)
    said = caught.value.parts
    assert said["subject"] == f"scheduler {address}"
    assert said["expected"] == "a scheduler of Dask's that answers within 0.5 s"
    assert said["found"]
    assert said["remedy"] == ("start it, or correct the address; docs/cluster.md has the commands")


def test_versions():
    """One version of Dask's protocol everywhere; what else differs is not asked."""

    def known(client, of_scheduler, of_worker):
        found = [{"packages": {"distributed": v}} for v in (client, of_scheduler, of_worker)]
        return {"client": found[0], "scheduler": found[1], "workers": {"tcp://w:1": found[2]}}

    scheduler._hold_to_versions("tcp://s:1", known("1", "1", "1"))
    for versions, where in {
        ("1", "2", "1"): "2 at the scheduler",
        ("1", "1", "3"): "3 at worker tcp://w:1",
    }.items():
        with pytest.raises(CheckError) as caught:
            scheduler._hold_to_versions("tcp://s:1", known(*versions))
        assert caught.value.parts == {
            "subject": "scheduler tcp://s:1",
            "expected": "distributed 1 everywhere, as the client has it",
            "found": f"distributed {where}",
            "remedy": "install one version in all places, such as that of constraints.txt",
        }
