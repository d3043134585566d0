"""Tests of `registry.storage.served`: what somebody is told who has no clone of the registry."""

from __future__ import annotations

import pickle
import shutil

import pytest

import registry
from registry import verify
from registry.cli import main
from registry.errors import ArchiveError, ChainError, MissingError, RegistryError
from registry.identity import ledger, pins
from registry.storage.served import advised, serve


@pytest.fixture
def remedy(upstream):
    """Remedy of the error with which a load ends."""

    def remedy(name: str = "small_v1") -> str:
        with pytest.raises(RegistryError) as caught:
            registry.load(name, serve(upstream.at("main")))
        return caught.value.remedy

    return remedy


def no_remote(upstream) -> None:
    """The folder of its remote is not on this machine."""
    shutil.rmtree(upstream.path.parent / "remote")


def no_object(upstream) -> None:
    """The remote lacks the object."""
    shutil.rmtree(upstream.path.parent / "remote" / "files")


def another_object(upstream) -> None:
    """The remote has other bytes."""
    (stored,) = (upstream.path.parent / "remote" / "files").rglob("??????*")
    stored.write_bytes(b"other")


def no_sidecar(upstream) -> None:
    """The commit lacks the sidecar."""
    next(upstream.path.rglob("small_v1.json")).unlink()
    upstream.commit()


def another_sidecar(upstream) -> None:
    """The commit has another sidecar."""
    next(upstream.path.rglob("small_v1.json")).write_text("{}")
    upstream.commit()


def no_lock(upstream) -> None:
    """The commit pins nothing."""
    (upstream.path / "dvc.lock").unlink()
    upstream.commit()


@pytest.mark.parametrize("spoil", [no_object, another_object, no_sidecar, another_sidecar, no_lock])
def test_what_only_its_keepers_can_mend(spoil, remedy, upstream):
    """Whatever the registry lacks or has wrong: nobody else can run the commands."""
    spoil(upstream)
    said = "name another revision of the registry, or tell those who keep it: "
    assert remedy() == f"{said}{upstream.at('main')}"


def test_a_remote_of_its_keepers_alone(remedy, upstream):
    """They are told what others would reach; another revision has the same remote, as a rule."""
    no_remote(upstream)
    assert remedy() == (
        "tell those who keep the registry that it needs a remote with an address of its own: "
        "dvc remote add --default NAME URL, then dvc push; or name a clone that has the bytes"
    )


def test_a_name_that_it_does_not_have(remedy, upstream):
    """Another revision may have it."""
    assert remedy("other_v1").startswith("name another revision of the registry, or tell")


def test_what_was_not_asked_for(remedy, upstream, monkeypatch):
    """Offline, nothing is wrong with it."""
    serve(upstream.at("main"))
    monkeypatch.setenv("FIXTURES_OFFLINE", "1")
    assert remedy() == "load it once without FIXTURES_OFFLINE"


def test_what_the_user_can_mend(upstream):
    """The remedy stays as it is."""
    root = serve(upstream.at("main"))
    error = MissingError("a", expected="b", found="c", remedy="dvc remote add --global mine URL")
    assert advised(root, error) is error


@pytest.mark.parametrize("kind", [ChainError, ArchiveError])
def test_what_is_wrong_in_it(kind, upstream):
    """An error of another process is advised upon as one of this."""
    error = pickle.loads(pickle.dumps(kind("a", expected="b", found="c", remedy="make it")))
    assert "tell those who keep it" in advised(serve(upstream.at("main")), error).remedy


@pytest.mark.parametrize("command", [["verify"], ["show", "small_v1"], ["pull"]])
def test_commands(command, upstream, monkeypatch, capsys):
    """They give no advice that needs a clone."""
    another_sidecar(upstream)
    monkeypatch.setenv("FIXTURES_REGISTRY", upstream.at("main"))
    assert main(command) == 1
    told = capsys.readouterr().err
    assert "to mend:  name another revision of the registry, or tell" in told, told


def test_verify_without_the_bytes(upstream):
    """They are pulled: nobody builds them here."""
    root = serve(upstream.at("main"))
    (report,) = verify.verify(root, list(pins.read(root).values()))
    (detail,) = [link.detail for link in report.links if not link.holds]
    assert detail.endswith("to mend:  fixtures pull small_v1"), detail


@pytest.mark.parametrize("command", ["list", "verify", "pull"])
def test_nothing_is_pinned(command, upstream, monkeypatch, capsys):
    """Another revision may pin something."""
    (upstream.path / "dvc.lock").write_text("schema: '2.0'\n")
    upstream.commit()
    monkeypatch.setenv("FIXTURES_REGISTRY", upstream.at("main"))
    assert main([command]) == 0
    said = f"no fixtures are pinned; name another revision than that of {upstream.at('main')}\n"
    assert capsys.readouterr().out == said


def test_pull_of_an_object_that_is_not_there(upstream, monkeypatch, capsys):
    """So is what a pull says."""
    no_object(upstream)
    monkeypatch.setenv("FIXTURES_REGISTRY", upstream.at("main"))
    assert main(["pull"]) == 3
    told = capsys.readouterr().err
    assert "to mend:  name another revision of the registry, or tell" in told, told


def test_a_version_that_was_retired(upstream):
    """Its line in the ledger stays and is no fault, and neither is what was never built."""
    lines = [f"{name} {' '.join(digit * 64 for digit in '123')}" for name in ("old_v1", "lost_v1")]
    (upstream.path / ledger.FILE).write_text("\n".join([*lines, ""]))
    (upstream.path / "params.yaml").write_text(
        "fixtures: {never_built_v1: {}}\nretired: {old_v1: {reason: x, since: '2026-11-27'}}\n"
    )
    found = verify.unpinned(serve(upstream.at(upstream.commit())))
    assert [report.name for report in found] == ["lost_v1"]
