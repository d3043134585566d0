"""Tests of `run`: what rebuilds differently is found and named, and what does not passes."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from generators import simulate_v1
from tests.kit.clone import Clone, shared
from tests.kit.environment import environment
from tests.kit.repository import FOLDER, REPOSITORY, files

HERE = Path(__file__).resolve().parent
RUN = "tests/reproducibility/run.py"

# A source from a file: much faster to build than the twin.
SOURCE = """\
  {name}:
    generator: simulate_v1
    path: {path}
    sha256: {sha256}
    seed: 1
    photons_per_frame: 1000000
    licence: CC0-1.0
"""
FIXTURE = """\
  {name}:
    generator: {generator}
    source: {source}
    strategy: evenly_spaced
    n_subset: 16
    created: "2026-11-23T00:00:00+00:00"
"""

STEADY = {"steady_v1": ("subset_v1", "open/scan.npz")}

# A good subset, but for coordinates moved by less than a millionth of a pixel, which no check of
# the physics can see; how far depends on the last bits of what is under test.
UNSTABLE = '''\
"""Depends on what differs between machines."""

import zlib

import numpy as np

from generators import subset_v1


def generate(params, source, declared):
    arrays, record = subset_v1.generate(params, source, declared)
    x = (np.arange(10000) * 7919 % 100003 / 1000).reshape(100, 100)
    unstable = {expression}
    arrays["xcoords"] = arrays["xcoords"] + zlib.crc32(unstable.tobytes()) / 2**32 * 1e-6
    return arrays, record
'''
# By the configuration that must find it. Single precision too: without AVX-512, numpy has its own
# exp for that alone.
EXPRESSIONS = {
    "no-cpu-features": ("exp", "np.concatenate([np.exp(x), np.exp(x.astype(np.float32))])"),
    "glibc": ("sin", "np.sin(x)"),
    "openblas": ("matmul", "x @ x"),
    "numpy-1.26": ("fft", "np.fft.fft2(x)"),
}


def reproducibility(repository: Clone, *only: str) -> subprocess.CompletedProcess[str]:
    """Run a repository's own `run.py`."""
    return subprocess.run(
        [sys.executable, RUN, "--only", *only],
        cwd=repository.path,
        env=repository.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def differing(output: str) -> dict[str, str]:
    """What follows the table, by configuration."""
    found = {}
    for block in output.split("\n\n"):
        head, _, lines = block.partition("\n")
        names, colon, verdict = head.rpartition(": ")
        if colon and verdict in ("DIFFERS", "FAILED", "NO EFFECT"):
            found.update(dict.fromkeys(names.split(", "), lines))
    return found


def row(output: str, name: str) -> list[str]:
    """Words of a row of the table."""
    return next(line.split() for line in output.splitlines() if line.startswith(f"{name}  "))


def empty(clone: Clone) -> None:
    """Give a clone this repository's files and no fixtures."""
    for path in files():
        # the training's pipeline goes with a section of params.yaml that is not declared here
        if path != Path("dvc.lock") and not path.as_posix().startswith((FOLDER, "envelope/")):
            (clone.path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / path, clone.path / path)
    clone.git("init", "--quiet")


@pytest.fixture
def repository(tmp_path):
    """A repository with this one's files and no fixtures; removed at the end, since it gets big."""
    clone = Clone(tmp_path / "repository", environment(tmp_path))
    empty(clone)
    yield clone
    shutil.rmtree(clone.path)


@pytest.fixture
def steady(tmp_path_factory, request, tmp_path):
    """Such a repository in which one stable fixture is built and committed."""

    def make(clone: Clone) -> None:
        empty(clone)
        build(clone, STEADY)

    clone = shared(tmp_path_factory, request.config, "steady", make).copy(tmp_path / "repository")
    yield clone
    shutil.rmtree(clone.path)


def build(clone: Clone, fixtures: dict[str, tuple[str, str]]) -> None:
    """Declare fixtures, each with its generator and its source's file; build all, commit the pins.

    The files are reconstructions with 32 positions of the twin's.
    """
    twin = simulate_v1._twin(1084)
    for key in ("xcoords", "ycoords", "xcoords_start", "ycoords_start"):
        twin[key] = twin[key][::34]
    sources = {}
    for _, path in fixtures.values():
        (clone.path / path).parent.mkdir(exist_ok=True)
        np.savez(clone.path / path, **twin)
        digest = hashlib.sha256((clone.path / path).read_bytes()).hexdigest()
        sources[path] = SOURCE.format(name=Path(path).parent.name, path=path, sha256=digest)
    entries = [
        FIXTURE.format(name=name, generator=generator, source=Path(path).parent.name)
        for name, (generator, path) in fixtures.items()
    ]
    text = f"sources:\n{''.join(sources.values())}fixtures:\n{''.join(entries)}"
    (clone.path / "params.yaml").write_text(text)
    ended = clone.dvc("repro", "--quiet")
    assert ended.code == 0, ended.out
    clone.commit()


@pytest.mark.slow
def test_what_an_unstable_generator_builds_is_named(repository):
    """exp, sin, a matrix product and an FFT each fail under the configuration made for them."""
    tag = sys.implementation.cache_tag
    cached = list((REPOSITORY / "build" / "reproducibility").glob(f"numpy-1.26.*-{tag}"))
    kinds = {name: kind for name, kind in EXPRESSIONS.items() if name != "numpy-1.26" or cached}
    for folder in cached:
        target = repository.path / folder.relative_to(REPOSITORY)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(folder)
    names = [f"unstable_{kind}_v1" for kind, _ in kinds.values()]
    generators = repository.path / "generators"
    for name, (_, expression) in zip(names, kinds.values(), strict=True):
        (generators / f"{name}.py").write_text(UNSTABLE.format(expression=expression))
        shutil.copy(generators / "subset_v1.schema.json", generators / f"{name}.schema.json")
    unstable = {name: (name, "open/scan.npz") for name in names}
    build(repository, {**STEADY, **unstable})

    ran = reproducibility(repository, "baseline", *kinds)
    found = differing(ran.stdout)
    assert ran.returncode == 1, f"exit code {ran.returncode}\n{ran.stdout}{ran.stderr}"
    assert row(ran.stdout, "baseline")[1] == "same", "not even the same machine agrees with itself"
    assert "steady_v1" not in "".join(found.values()), "a stable fixture is named"
    for configuration, (kind, _) in kinds.items():
        if "not run" in " ".join(row(ran.stdout, configuration)):
            continue
        lines = found.get(configuration, "")
        path = f"{FOLDER}/unstable_{kind}_v1"
        assert f"dvc.lock: outs {path}.npz: committed" in lines, f"{configuration}: md5 not named"
        assert f"{path}.json: sha256_checksum: committed" in lines, f"{configuration}: nor SHA-256"
        assert f"{path}.json: arrays.xcoords.sha256: committed" in lines, "nor the array"
        kept = repository.path / "build" / "reproducibility" / configuration
        assert f"kept: {kept.relative_to(repository.path)}" in lines, (
            f"{configuration}: no clone named"
        )
        assert (kept / f"{path}.npz").is_file(), f"{configuration}: the clone is gone"


@pytest.mark.slow
def test_stable_generators_pass(steady):
    """Where nothing moves, the exit code is 0, and no clone stays."""
    names = ("baseline", "no-cpu-features", "glibc", "openblas")
    ran = reproducibility(steady, *names)
    assert ran.returncode == 0, f"exit code {ran.returncode}\n{ran.stdout}{ran.stderr}"
    sidecar = json.loads((steady.path / FOLDER / "steady_v1.json").read_text())
    digest = sidecar["content_sha256"][:12]
    assert row(ran.stdout, "committed")[1] == digest, "the committed digest is not shown"
    assert row(ran.stdout, "baseline")[3] == digest, "the rebuilt digest is not shown"
    scratch = steady.path / "build" / "reproducibility"
    assert list(scratch.iterdir()) == [], "a clone stays"


@pytest.mark.slow
def test_an_edited_lock_is_found(steady):
    """A digit changed in a committed pin is named, with both values."""
    lock = steady.path / "dvc.lock"
    text = lock.read_text()
    md5 = text.split("steady_v1.npz\n      hash: md5\n      md5: ")[1][:32]
    edited = ("0" if md5[0] != "0" else "1") + md5[1:]
    lock.write_text(text.replace(md5, edited))
    steady.commit()
    ran = reproducibility(steady, "baseline")
    assert ran.returncode == 1, f"exit code {ran.returncode}\n{ran.stdout}{ran.stderr}"
    assert differing(ran.stdout)["baseline"].splitlines() == [
        f"  dvc.lock: outs {FOLDER}/steady_v1.npz: committed {edited}, rebuilt {md5} "
        "(fixture@steady_v1)",
        "  the clone is kept: build/reproducibility/baseline",
    ], "the one edited value is not what is named"


@pytest.mark.slow
def test_a_fixture_without_its_private_source_is_left_out_by_name(steady):
    """Where a source's file is not here, all else is rebuilt, and the table says what is not."""
    build(steady, {**STEADY, "hidden_v1": ("subset_v1", "private/scan.npz")})
    (steady.path / "private" / "scan.npz").unlink()
    ran = reproducibility(steady, "baseline")
    assert ran.returncode == 0, f"exit code {ran.returncode}\n{ran.stdout}{ran.stderr}"
    verdict, _, steady, hidden = row(ran.stdout, "baseline")[1:5]
    assert (verdict, hidden) == ("same", "-"), "a fixture that cannot be rebuilt has a digest"
    assert steady == row(ran.stdout, "committed")[1], "the other fixture is not rebuilt"
    sentence = "hidden_v1 is not rebuilt: the file of its source, private/scan.npz, is not here"
    assert sentence in ran.stdout, "the fixture that is left out is not named"


@pytest.mark.slow
def test_a_pin_that_nothing_declares_is_an_error(steady):
    """A pin whose fixture is no longer declared is not rebuilt, and must not pass for the same."""
    build(steady, {**STEADY, "gone_v1": ("subset_v1", "open/scan.npz")})
    declaration = steady.path / "params.yaml"
    declaration.write_text(declaration.read_text().split("  gone_v1:")[0])
    steady.commit()
    ran = reproducibility(steady, "baseline")
    assert ran.returncode == 1, f"exit code {ran.returncode}\n{ran.stdout}{ran.stderr}"
    assert f"{FOLDER}/gone_v1.npz: not built" in differing(ran.stdout)["baseline"], "not named"


def test_uncommitted_pins_are_refused(repository):
    """A lock that is not the committed one would go unproven: refused before anything is built."""
    shutil.copy2(REPOSITORY / "dvc.lock", repository.path / "dvc.lock")
    shutil.copytree(REPOSITORY / FOLDER, repository.path / FOLDER)
    repository.commit()
    lock = repository.path / "dvc.lock"
    lock.write_text(lock.read_text().replace("md5: ", "md5: 0", 1))
    ran = reproducibility(repository, "baseline")
    assert ran.returncode == 1, f"exit code {ran.returncode}\n{ran.stdout}{ran.stderr}"
    assert "uncommitted changes in dvc.lock" in ran.stderr, "the file is not named"
    assert not (repository.path / "build").exists(), "something was built"


# Parts


@pytest.fixture
def module(monkeypatch):
    """Import a module of this folder, as `run.py` does when it is run."""
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module


BASE = {"numpy": "2.4.6", "features": ["X86_V3", "X86_V4"], "umask": "022", "hash": 1}


@pytest.mark.parametrize(
    ("name", "found", "off"),
    [
        ("numpy-1.26", BASE, []),
        ("baseline", {**BASE, "numpy": "2.0.2"}, []),
        ("no-cpu-features", BASE, ["X86_V3", "X86_V4"]),
        ("no-cpu-features", {**BASE, "features": ["X86_V3"]}, ["X86_V3", "X86_V4"]),
        ("no-cpu-features", BASE, []),
        ("hash-seed", BASE, []),
        ("umask", BASE, []),
        ("umask", {**BASE, "umask": "027"}, []),
    ],
)
def test_a_setting_that_did_nothing_is_an_error(module, name, found, off):
    """What the probe finds must be what the configuration is there for."""
    configurations = module("configurations")
    chosen = next(item for item in configurations.CONFIGURATIONS if item.name == name)
    with pytest.raises(configurations.NoEffect, match=r"expected|still on|in the baseline"):
        configurations.effect(chosen, found, BASE, off)


@pytest.mark.parametrize(
    ("name", "found", "off", "words"),
    [
        ("baseline", BASE, [], "on: X86_V3 X86_V4"),
        ("numpy-1.26", {**BASE, "numpy": "1.26.4"}, [], "on: X86_V3 X86_V4"),
        ("no-avx512", {**BASE, "features": ["X86_V3"]}, ["X86_V4"], "off: X86_V4"),
        ("hash-seed", {**BASE, "hash": 2}, [], "hash: 2, not 1"),
        ("umask", {**BASE, "umask": "077"}, [], "umask: 077, not 022"),
    ],
)
def test_a_setting_that_took_effect_is_described(module, name, found, off, words):
    """The table says what was found, not what was asked for."""
    configurations = module("configurations")
    chosen = next(item for item in configurations.CONFIGURATIONS if item.name == name)
    assert configurations.effect(chosen, found, BASE, off) == words, "another description"


@pytest.mark.parametrize(
    ("python", "reason"),
    [
        ((3, 11), None),
        ((3, 12), None),
        ((3, 13), "numpy 1.26.4 is not available for this Python: it has no wheel"),
    ],
)
def test_old_numpy_is_left_out_where_it_has_no_wheel(module, monkeypatch, python, reason):
    """Python 3.13 and later have no numpy 1.26; no other Python may leave it out."""
    configurations = module("configurations")
    monkeypatch.setattr(configurations, "sys", SimpleNamespace(version_info=python))
    chosen = next(item for item in configurations.CONFIGURATIONS if item.name == "numpy-1.26")
    assert configurations.unavailable(chosen, BASE) == reason, "another reason"


@pytest.mark.parametrize(
    ("verdict", "code"),
    [("same", 0), ("not run", 0), ("DIFFERS", 1), ("FAILED", 1), ("NO EFFECT", 1)],
)
def test_exit_code(module, monkeypatch, capsys, tmp_path, verdict, code):
    """Only what is the same, or has nothing to run on, is no failure; the table says which."""
    run = module("run")
    committed = run.Committed(commit="0" * 40, files={}, pins={})
    monkeypatch.setattr(run, "SCRATCH", tmp_path / "scratch")
    monkeypatch.setattr(run, "read_committed", lambda: committed)
    monkeypatch.setattr(run, "probe", lambda *_: BASE)
    monkeypatch.setattr(
        run, "rebuild", lambda item, *_: run.Result(name=item.name, verdict=verdict)
    )
    monkeypatch.setattr(sys, "argv", ["run.py", "--only", "umask"])
    assert run.main() == code, "another exit code"
    assert f"umask          {verdict}" in capsys.readouterr().out, "the verdict is not shown"


def test_a_private_file_is_linked_into_the_clone(module, monkeypatch, tmp_path):
    """A file that git ignores is found in the clone, and its fixtures are rebuilt like others."""
    run = module("run")
    declared = SimpleNamespace(
        sources={
            "private": {"path": "private/scan.npz"},
            "outside": {"path": "../scan.npz"},
            "made": {},
        },
        fixtures={"a_v1": {"source": "private"}, "b_v1": {"source": "outside"}},
    )
    root, clone = tmp_path / "root", tmp_path / "elsewhere" / "clone"
    (root / "private").mkdir(parents=True)
    clone.mkdir(parents=True)
    (root / "private" / "scan.npz").write_bytes(b"scan")
    (tmp_path / "scan.npz").write_bytes(b"scan")
    monkeypatch.setattr(run, "ROOT", root)
    monkeypatch.setattr(run.params, "load", lambda _: declared)
    assert run.provide_files(clone) == {"b_v1": "../scan.npz"}, "other fixtures are left out"
    assert (clone / "private" / "scan.npz").read_bytes() == b"scan", "the file is not in the clone"
    assert not (clone.parent / "scan.npz").exists(), "a file is linked outside the clone"


def test_half_a_numpy_does_not_pass_for_a_whole_one(module, monkeypatch, tmp_path):
    """A download that breaks off is made anew; one that is complete is used again."""
    wheels = module("wheels")
    folder = wheels.numpy_folder(tmp_path, "1.26.4")
    calls = []

    def pip(*arguments):
        calls.append(arguments[-1])
        part = Path(arguments[1])
        part.mkdir()
        (part / f"file{len(calls)}").touch()
        if len(calls) == 1:
            raise KeyboardInterrupt
        return b""

    monkeypatch.setattr(wheels, "_pip", pip)
    with pytest.raises(KeyboardInterrupt):
        wheels.install_numpy(tmp_path, "1.26.4")
    assert not folder.exists(), "half a numpy is in its folder"
    wheels.install_numpy(tmp_path, "1.26.4")
    wheels.install_numpy(tmp_path, "1.26.4")
    assert calls == ["numpy==1.26.4"] * 2, "not installed once more, and then used again"
    assert [path.name for path in folder.iterdir()] == ["file2"], "the first download is mixed in"


def test_a_numpy_that_cannot_be_fetched_fails_its_row(module, monkeypatch, capsys, tmp_path):
    """Without the package index the other configurations still run, and the exit code is 1."""
    run = module("run")
    missing = run.MissingError("numpy", expected="a wheel", found="no network", remedy="wait")
    monkeypatch.setattr(run, "SCRATCH", tmp_path / "scratch")
    monkeypatch.setattr(run, "read_committed", lambda: run.Committed(commit="0", files={}, pins={}))
    monkeypatch.setattr(run, "probe", lambda *_: BASE)
    monkeypatch.setattr(run, "newest_numpy", raising(missing))
    monkeypatch.setattr(run, "rebuild", lambda item, *_: run.Result(name=item.name, verdict="same"))
    monkeypatch.setattr(sys, "argv", ["run.py", "--only", "numpy-newest", "umask"])
    assert run.main() == 1, "another exit code"
    output = capsys.readouterr().out
    assert row(output, "numpy-newest")[1] == "FAILED", "the row does not say so"
    assert row(output, "umask")[1] == "same", "the other configuration did not run"
    assert "no network" in output, "the reason is not shown"


def raising(error):
    """A function that raises."""

    def function(*_):
        raise error

    return function


def test_other_bytes_with_the_same_values_are_a_difference(module):
    """Lock and sidecar are compared as bytes, not as what they say."""
    compare = module("compare")
    lock = b"stages:\n  params:\n    cmd: a\n"
    assert compare.lock_differences(lock, lock) == [], "equal locks differ"
    assert compare.lock_differences(lock, None) == ["dvc.lock: not built"], "a lost lock is missed"
    assert compare.lock_differences(lock, lock + b"\n") == [
        "dvc.lock: the same values in other bytes"
    ], "a lock's extra byte is missed"
    assert compare.sidecar_differences("a.json", b"{}", b"{ }") == [
        "a.json: the same values in other bytes"
    ], "a sidecar's extra byte is missed"


def test_a_sidecar_is_compared_value_by_value(module):
    """Changed, added and missing fields are named by their dotted paths."""
    compare = module("compare")
    before, after = b'{"a": {"b": 1, "c": 2}}', b'{"a": {"b": 3}, "d": [4]}'
    assert compare.sidecar_differences("a.json", before, after) == [
        "a.json: a.b: committed 1, rebuilt 3",
        "a.json: a.c: committed 2, rebuilt nothing",
        "a.json: d: committed nothing, rebuilt [4]",
    ], "other differences"
    assert compare.sidecar_differences("a.json", before, None) == ["a.json: not built"], (
        "a sidecar that is not there is missed"
    )


def test_a_file_of_several_stages_is_named_once(module):
    """A changed dependency gives one line, with every stage that has it."""
    compare = module("compare")
    lock = (
        b"stages:\n"
        b"  one:\n    cmd: a\n    deps:\n    - path: x.py\n      md5: m1\n"
        b"  two:\n    cmd: a\n    deps:\n    - path: x.py\n      md5: m1\n"
    )
    assert compare.lock_differences(lock, lock.replace(b"m1", b"m2")) == [
        "dvc.lock: deps x.py: committed m1, rebuilt m2 (one, two)"
    ], "other differences"
