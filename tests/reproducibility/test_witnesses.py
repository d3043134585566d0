"""Tests of `witnesses`: what a run of `run.py` leaves in git."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from registry.compare import certifying
from registry.errors import ChainError
from registry.identity import certificate
from tests.kit.certificates import COMMIT, MACHINE, witness, write
from tests.kit.processes import git

NAME, OTHER = "minimal_dataset_v1_n16", "minimal_dataset_v1"
DIGESTS = {
    NAME: "9dd27b59caec66c43ae3ae2a2e66f09e76ac30f9de0cf9550a8402c70edaf8d2",
    OTHER: "47e2595135624a7e5593a2b9dae4acf7075b5e8e483d8f8799e9abf227627896",
}
# as `probe.py` prints it
FOUND = {
    "numpy": "2.2.4",
    "here": {
        "architecture": "s390x",
        "byte_order": "big",
        "system": "Linux",
        "libc": "glibc 2.41",
        "python": "3.13.5",
        "numpy": "2.2.4",
        "features": ["VX", "VXE"],
        "settings": {"OPENBLAS_NUM_THREADS": "1"},
    },
}


@pytest.fixture
def run(module, monkeypatch, root):
    """`run.py` in a registry that is committed."""
    run = module("run")
    (root / ".gitignore").write_text("*.npz\n")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "pins")
    monkeypatch.setattr(run, "ROOT", root)
    monkeypatch.setattr(certifying, "today", lambda: "2026-11-27")
    return run


def lines(root: Path, name: str) -> list[certificate.Witness]:
    """Lines of a certificate."""
    return certificate.parse((root / certificate.path(name)).read_bytes(), name)


def test_a_row(module, root):
    """A machine as the probe found it, of any kind, is a line as the schema wants it."""
    witnesses, baseline = module("witnesses"), module("configurations").CONFIGURATIONS[0]
    line = witnesses.witness(baseline, FOUND, DIGESTS[NAME], COMMIT, "2026-11-27")
    assert line == witness(root, NAME)
    certificate.satisfy(root, NAME, [line])


def test_an_emulated_machine(module):
    """It is no machine of its own, and the line says so."""
    witnesses, configurations = module("witnesses"), module("configurations")
    emulated = [item for item in configurations.CONFIGURATIONS if item.root]
    assert len(emulated) > 8
    for item in emulated:
        line = witnesses.witness(item, FOUND, DIGESTS[NAME], COMMIT, "2026-11-27")
        assert line.machine.settings["emulator"] == "qemu-user", item.name


def test_what_each_configuration_sets(module, root):
    """Every row of the table but those for another machine or numpy tells itself apart.

    These, and CPU features, are what the probe finds.
    """
    witnesses, configurations = module("witnesses"), module("configurations")
    found = {
        item.name: dict(
            witnesses.witness(item, FOUND, DIGESTS[NAME], COMMIT, "2026-11-27").machine.settings
        )
        for item in configurations.CONFIGURATIONS
        if not (item.numpy or item.without or item.root)
    }
    assert found["umask"] == {"OPENBLAS_NUM_THREADS": "1", "umask": "077"}
    assert found["folder"] == {"OPENBLAS_NUM_THREADS": "1", "folder": "wörk ☂ 2"}
    assert found["two-threads"]["OPENBLAS_NUM_THREADS"] == "2", "the probe's is before it"
    assert found["timezone"]["TZ"] == "XYZ-5:45"
    assert len(set(map(str, found.values()))) == len(found) > 8, "two rows are one line"
    for settings in found.values():
        line = witness(root, NAME, settings=settings)
        certificate.satisfy(root, NAME, [line])


def rows(run, *results):
    """What `main` hands on: configurations, and results."""
    named = {item.name: item for item in run.CONFIGURATIONS}
    return run.read_committed(), [named[each.name] for each in results], list(results)


def result(run, name="baseline", verdict="same", **changes):
    """A row of the table."""
    values = {"found": FOUND, "digests": DIGESTS, **changes}
    return run.Result(name=name, verdict=verdict, **values)


def test_a_run_is_written_down(run, root, capsys):
    """A line for each row and fixture, at the commit that was built; once."""
    committed, chosen, results = rows(run, result(run), result(run, "umask"))
    run.certify(committed, chosen, results)
    assert capsys.readouterr().out == (
        "certificates: 4 lines more in 2 files of certificates/, to be committed\n"
    )
    for name in (NAME, OTHER):
        found = lines(root, name)
        assert [line.machine.settings.get("umask") for line in found] == ["077", None]
        assert {line.commit for line in found} == {committed.commit}
        assert {line.date for line in found} == {"2026-11-27"}
        assert found[1].machine == MACHINE
    before = [path.read_bytes() for path in (root / "certificates").iterdir()]
    run.certify(committed, chosen, results)
    assert capsys.readouterr().out == "certificates: nothing new\n"
    assert before == [path.read_bytes() for path in (root / "certificates").iterdir()]


def test_rows_in_which_nothing_was_built(run, root, capsys):
    """Neither one that was not run, nor one that failed or had no effect, is a witness."""
    others = {"umask": "not run", "timezone": "FAILED", "folder": "NO EFFECT"}
    committed, chosen, results = rows(
        run, result(run), *(result(run, name, verdict) for name, verdict in others.items())
    )
    run.certify(committed, chosen, results)
    assert [line.machine for line in lines(root, NAME)] == [MACHINE]


def test_a_run_that_found_a_difference(run, root, capsys):
    """It certifies nothing, not even where all came out the same."""
    committed, chosen, results = rows(run, result(run), result(run, "umask", "DIFFERS"))
    run.certify(committed, chosen, results)
    assert capsys.readouterr().out == "certificates: left as they are, for something differs\n"
    assert not (root / "certificates").exists()


def test_a_fixture_that_could_not_be_built(run, root):
    """Its source's file is not here: the bytes in the clone are nobody's."""
    digests = {**DIGESTS, OTHER: ""}
    committed, chosen, results = rows(
        run, result(run, digests=digests, unbuildable={OTHER: "private/scan.npz"})
    )
    run.certify(committed, chosen, results)
    assert certificate.names(root) == [NAME]


def test_lines_of_an_earlier_draft(run, root):
    """They are told before anything is written."""
    path = write(root, NAME, replace(witness(root, NAME), content_sha256="0" * 64))
    before = path.read_bytes()
    with pytest.raises(ChainError, match=r"of s390x, glibc 2\.41, numpy 2\.2\.4"):
        run.certify(*rows(run, result(run)))
    assert (path.read_bytes(), certificate.names(root)) == (before, [NAME])


def test_the_probe(run, root):
    """It finds this very machine, as `--certify` would."""
    variables = run.environment(run.BASELINE, root)
    found = run.probe(variables, root, 0o022)
    assert found["here"]["numpy"] == found["numpy"]
    assert found["here"]["features"] == found["features"]
    assert found["here"]["settings"]["OPENBLAS_NUM_THREADS"] == "1"
