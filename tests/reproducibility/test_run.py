"""Tests of `run`: what rebuilds differently is found and named, and what does not passes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from registry.errors import CheckError, MissingError
from registry.identity import pins
from tests.kit.clone import Clone
from tests.kit.environment import environment
from tests.kit.processes import git
from tests.kit.repository import FOLDER, REPOSITORY, files
from tests.kit.scans import chosen, sound_scan

RUN = "tests/reproducibility/run.py"
# What builds fixtures, and what rebuilds them.
PARTS = (".dvc/", ".gitignore", "code/", "dvc.yaml", "generators/", "registry/", "schemas/",
         "tests/reproducibility/")  # fmt: skip

SOURCE = """\
  {name}:
    generator: file_v1
    path: {name}/scan.npz
    sha256: {sha256}
    noise: poisson
    photon_scale: {photon_scale}
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
# Name, generator and source; git ignores `private`.
FIXTURES = (
    ("steady_v1", "subset_v1", "open"),
    ("unstable_v1", "unstable_v1", "open"),
    ("hidden_v1", "subset_v1", "private"),
)
# By the configuration that must find it. Single precision too: without AVX-512, numpy has its own
# exp for that alone.
EXPRESSIONS = {
    "no-cpu-features": "np.concatenate([np.exp(x), np.exp(x.astype(np.float32))])",
    "glibc": "np.sin(x)",
    "openblas": "x @ x",
    "numpy-1.26": "np.fft.fft2(x)",
}
X = "(np.arange(10000) * 7919 % 100003 / 1000).reshape(100, 100)"
# A good subset, but for coordinates moved by less than a millionth of a pixel, which no check of
# the physics can see; how far depends on the last bits of what is under test.
GENERATOR = '''\
"""Depends on what differs between machines."""

import zlib

import numpy as np

from generators import subset_v1


def generate(params, source, declared):
    arrays, record = subset_v1.generate(params, source, declared)
    x = {x}
    unstable = {unstable}
    arrays["xcoords"] = arrays["xcoords"] + zlib.crc32(unstable.tobytes()) / 2**32 * 1e-6
    return arrays, record
'''


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


@pytest.fixture
def repository(tmp_path, n16, request):
    """A repository with fixtures of its own, built and committed; removed, since it gets big.

    Its parameter is what the unstable one depends on.
    """
    unstable = getattr(request, "param", EXPRESSIONS["openblas"])
    clone = Clone(tmp_path / "repository", environment(tmp_path))
    for path in files():
        if path.as_posix().startswith(PARTS):
            (clone.path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / path, clone.path / path)
    generators = clone.path / "generators"
    (generators / "unstable_v1.py").write_text(GENERATOR.format(x=X, unstable=unstable))
    shutil.copy(generators / "subset_v1.schema.json", generators / "unstable_v1.schema.json")
    sources = []
    for name in ("open", "private"):
        (clone.path / name).mkdir()
        np.savez(clone.path / name / "scan.npz", **chosen(sound_scan(), 40))
        digest = hashlib.sha256((clone.path / name / "scan.npz").read_bytes()).hexdigest()
        scale = n16.sidecar.details["photon_scale"]
        sources.append(SOURCE.format(name=name, sha256=digest, photon_scale=scale))
    entries = [FIXTURE.format(name=n, generator=g, source=source) for n, g, source in FIXTURES]
    text = f"folder: {FOLDER}\nsources:\n{''.join(sources)}fixtures:\n{''.join(entries)}"
    (clone.path / "params.yaml").write_text(text)
    clone.git("init", "--quiet")
    ended = clone.dvc("repro", "--quiet")
    assert ended.code == 0, ended.out
    clone.commit()
    yield clone
    shutil.rmtree(clone.path)


@pytest.mark.slow
def test_what_is_rebuilt(repository):
    """A stable generator's fixture passes, an unstable one's is named, a private one left out."""
    scratch = repository.path / "build" / "reproducibility"
    (repository.path / "private" / "scan.npz").unlink()
    ran = subprocess.run(
        [sys.executable, RUN, "--only", "baseline", "openblas"],
        cwd=repository.path,
        env=repository.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    verdict, _, steady, _, hidden = row(ran.stdout, "baseline")[1:6]
    assert verdict == "same", f"not even the same machine agrees with itself\n{ran.stdout}"
    assert not (scratch / "baseline").exists(), "a clone stays that is of no use"
    sidecar = json.loads((repository.path / FOLDER / "steady_v1.json").read_text())
    digest = sidecar["content_sha256"][:12]
    assert row(ran.stdout, "committed")[1] == digest, "the committed digest is not shown"
    assert steady == digest, "the rebuilt digest is not shown"
    assert hidden == "-", "a fixture that cannot be rebuilt has a digest"
    sentence = "hidden_v1 is not rebuilt: the file of its source, private/scan.npz, is not here"
    assert sentence in ran.stdout, "the fixture that is left out is not named"

    has_run = "not run" not in " ".join(row(ran.stdout, "openblas"))
    assert ran.returncode == has_run, f"exit code {ran.returncode}\n{ran.stdout}{ran.stderr}"
    certified = (repository.path / "certificates").exists()
    assert certified != has_run, "certified, though something differs; or else not certified"
    if not has_run:
        return
    lines = differing(ran.stdout)["openblas"]
    path = f"{FOLDER}/unstable_v1"
    assert f"dvc.lock: outs {path}.npz: committed" in lines, "md5 not named"
    assert f"{path}.json: sha256_checksum: committed" in lines, "nor SHA-256"
    assert f"{path}.json: arrays.xcoords.sha256: committed" in lines, "nor the array"
    assert "steady_v1" not in lines, "a stable fixture is named"
    assert "kept: build/reproducibility/openblas" in lines, "no clone named"
    assert (scratch / "openblas" / f"{path}.npz").is_file(), "the clone is gone"


@pytest.mark.slow
@pytest.mark.parametrize("repository", ["np.fft.fft2(x)"], indirect=True)
def test_what_no_switch_of_an_x86_shows(repository, module):
    """A Fourier transform of numpy's is the same without CPU features, and another on aarch64."""
    emulated, aarch64 = module("emulated"), module("emulated").AARCH64
    scratch, kept = (root / "build" / "reproducibility" for root in (repository.path, REPOSITORY))
    reason = emulated.unavailable(aarch64)
    if reason:
        pytest.skip(reason)
    kept.mkdir(parents=True, exist_ok=True)
    try:
        emulated.prepare(kept, aarch64)
    except MissingError as error:
        pytest.skip(str(error))
    scratch.mkdir(parents=True)
    for path in (kept / "qemu", kept / aarch64.name, *kept.glob("numpy-*-aarch64")):
        (scratch / path.name).symlink_to(path)
    ran = subprocess.run(
        [sys.executable, RUN, "--only", "no-cpu-features", "aarch64"],
        cwd=repository.path,
        env=repository.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "DIFFERS" not in row(ran.stdout, "no-cpu-features"), "a switch shows it"
    verdict, _, steady = row(ran.stdout, "aarch64")[1:4]
    assert (ran.returncode, verdict) == (1, "DIFFERS"), f"{ran.stdout}{ran.stderr}"
    sidecar = json.loads((repository.path / FOLDER / "steady_v1.json").read_text())
    assert steady == sidecar["content_sha256"][:12], "a stable fixture is another one there"
    lines, path = differing(ran.stdout)["aarch64"], f"{FOLDER}/unstable_v1"
    assert f"dvc.lock: outs {path}.npz: committed" in lines, "md5 not named"
    assert f"{path}.json: arrays.xcoords.sha256: committed" in lines, "nor the array"
    assert "steady_v1" not in lines, "a stable fixture is named"


# Parts


@pytest.fixture
def run(module, monkeypatch, root):
    """That module, in a registry whose bytes git ignores; nothing is committed yet."""
    run = module("run")
    (root / ".gitignore").write_text("*.npz\n")
    git(root, "init", "--quiet")
    monkeypatch.setattr(run, "ROOT", root)
    monkeypatch.setattr(run, "SCRATCH", root / "build" / "reproducibility")
    return run


def test_what_each_configuration_changes(module, tmp_path):
    """Exp, sin, a matrix product and an FFT are others under the configuration made for them."""
    run = module("run")
    values = ", ".join(
        f"{name!r}: zlib.crc32(({code}).tobytes())" for name, code in EXPRESSIONS.items()
    )
    program = f"import json, zlib, numpy as np; x = {X}; print(json.dumps({{{values}}}))"

    def printed(variables):
        return json.loads(run.run(["python", "-c", program], variables, tmp_path, 0o022))

    variables = run.environment(run.BASELINE, tmp_path)
    base, before = run.probe(variables, tmp_path, 0o022), printed(variables)
    assert printed(variables) == before, "not even the same machine agrees with itself"
    for item in run.CONFIGURATIONS:
        if item.name not in EXPRESSIONS or run.unavailable(item, base):
            continue
        if item.numpy and not run.numpy_folder(run.SCRATCH, item.numpy).is_dir():
            continue
        variables = run.environment(item, tmp_path)
        if item.without:
            off = run.switched_off(item.without, base["features"])
            variables["NPY_DISABLE_CPU_FEATURES"] = " ".join(off)
        assert printed(variables)[item.name] != before[item.name], item.name


def commit(root: Path) -> None:
    """Commit everything that git does not ignore."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "pins")


def test_uncommitted_pins_are_refused(run, root, monkeypatch):
    """A lock that is not the committed one would go unproven: refused before anything is built."""
    commit(root)
    lock = root / "dvc.lock"
    lock.write_text(lock.read_text().replace("md5: ", "md5: 0", 1))
    monkeypatch.setattr(sys, "argv", ["run.py", "--only", "baseline"])
    with pytest.raises(CheckError) as caught:
        run.main()
    assert caught.value.found == "uncommitted changes in dvc.lock", "the file is not named"
    assert not (root / "build").exists(), "something was built"


def test_an_edited_lock_is_found(run, root):
    """A digit changed in a committed pin is named, with both values."""
    lock, pin = root / "dvc.lock", pins.find(root, "minimal_dataset_v1")
    rebuilt = lock.read_text()
    edited = ("0" if pin.md5[0] != "0" else "1") + pin.md5[1:]
    lock.write_text(rebuilt.replace(pin.md5, edited))
    commit(root)
    committed = run.read_committed()
    lock.write_text(rebuilt)
    assert run.differences(root, committed, {}) == [
        f"dvc.lock: outs {pin.path}: committed {edited}, rebuilt {pin.md5} "
        "(fixture@minimal_dataset_v1)"
    ], "the one edited value is not what is named"


def test_a_pin_that_nothing_declares_is_an_error(run, root):
    """A pin whose fixture is no longer declared is not rebuilt, and must not pass for the same."""
    commit(root)
    pin = pins.find(root, "minimal_dataset_v1")
    (root / pin.path).unlink()
    committed = run.read_committed()
    assert run.differences(root, committed, {}) == [f"{pin.path}: not built"], "not named"
    left_out = {"minimal_dataset_v1": "private/scan.npz"}
    assert run.differences(root, committed, left_out) == [], "what cannot be rebuilt is an error"


def test_whatever_else_a_build_changes_is_named(run, root):
    """A file that is no pin, and came with the build."""
    commit(root)
    (root / "more.txt").write_text("more")
    assert run.differences(root, run.read_committed(), {}) == ["more.txt: changed"], "not named"


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


# What the probe finds on the machine of the baseline, and on another one.
ARITHMETIC = {"exp": "aa", "fft": "bb", "+ - * / sqrt": "cc"}
HERE_FOUND = {**BASE, "machine": "x86_64", "arithmetic": ARITHMETIC}
THERE = {
    **BASE,
    "machine": "aarch64",
    "bits": 64,
    "byte order": "little",
    "python": "3.11.2",
    "libc": "glibc 2.36",
    "features": ["SVE"],
    "arithmetic": {**ARITHMETIC, "exp": "dd", "fft": "ee"},
}


@pytest.mark.parametrize(
    ("name", "change", "off", "reason"),
    [
        ("aarch64", {"machine": "x86_64"}, [], "aarch64 expected, this is x86_64"),
        ("aarch64", {"arithmetic": ARITHMETIC}, [], "all arithmetic is that of the baseline"),
        ("aarch64", {"numpy": "2.2.4"}, [], "numpy 2.4.6 expected, 2.2.4 imported"),
        ("aarch64-numpy-2.0", {}, [], "numpy 2.0.2 expected, 2.4.6 imported"),
        ("aarch64-neon", {}, [], "the processor cortex-a72 can do what the other can"),
    ],
)
def test_a_machine_that_differs_nowhere_is_an_error(module, name, change, off, reason):
    """So is one that is not the machine, the numpy or the processor that it should be."""
    configurations = module("configurations")
    chosen = next(item for item in configurations.CONFIGURATIONS if item.name == name)
    with pytest.raises(configurations.NoEffect, match=reason):
        configurations.effect(chosen, {**THERE, **change}, HERE_FOUND, off)


@pytest.mark.parametrize(
    ("name", "change", "off", "words"),
    [
        ("aarch64", {}, [], ""),
        ("aarch64-neon", {"features": []}, ["SVE"], "; off: SVE"),
        ("s390x", {"machine": "s390x", "numpy": "2.2.4"}, [], ""),
    ],
)
def test_another_machine_is_described(module, name, change, off, words):
    """The table says what it is and which arithmetic is another one there."""
    configurations = module("configurations")
    chosen = next(item for item in configurations.CONFIGURATIONS if item.name == name)
    kind = "64 bits, little-endian, Python 3.11.2, glibc 2.36; another exp, fft"
    found = configurations.effect(chosen, {**THERE, **change}, HERE_FOUND, off)
    assert found == kind + words, "another description"


def test_where_another_machine_cannot_be_had(module, monkeypatch):
    """Without Debian's programs, or on that very machine, for the reason that is told."""
    emulated, aarch64 = module("emulated"), module("emulated").AARCH64
    monkeypatch.setattr(emulated.platform, "machine", lambda: "aarch64")
    assert emulated.unavailable(aarch64) == "this machine is aarch64 itself"
    monkeypatch.setattr(emulated.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(emulated.shutil, "which", lambda name: None if "apt" in name else name)
    assert emulated.unavailable(aarch64) == "there is no apt-get to unpack Debian's Python with"
    monkeypatch.setattr(emulated.shutil, "which", lambda name: name)
    assert emulated.unavailable(aarch64) is None, "left out where it can be had"


class _Archive:
    """Debian's archive, which breaks off after a package."""

    def __init__(self, scratch, *_):
        self.folder = scratch / "apt"

    def __enter__(self):
        self.folder.mkdir(exist_ok=True)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def download(self, _):
        return [self.folder / "qemu.deb"]

    def install(self, *_):
        yield self.folder / "python3.deb"
        raise KeyboardInterrupt


def test_half_a_machine_does_not_pass_for_a_whole_one(module, monkeypatch, tmp_path):
    """What a download that broke off has left is not what is run."""
    emulated = module("emulated")

    def unpack(package, folder):
        program = folder / "usr" / "bin" / ("qemu-s390x" if "qemu" in package.name else "python3")
        program.parent.mkdir(parents=True)
        program.touch()

    monkeypatch.setattr(emulated, "_Apt", _Archive)
    monkeypatch.setattr(emulated, "_host", lambda: "amd64")
    monkeypatch.setattr(emulated, "_unpack", unpack)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            emulated.prepare(tmp_path, emulated.S390X)
        assert not (tmp_path / "s390x-forky").exists(), "half a Debian is in its folder"
    assert [path.name for path in (tmp_path / "qemu").iterdir()] == ["qemu-s390x"]


def test_an_archive_that_is_out_of_reach(module, tmp_path):
    """What the program said is told, and no more than a row fails."""
    emulated = module("emulated")
    with pytest.raises(MissingError) as caught:
        emulated._run("dpkg-deb", "--extract", str(tmp_path / "none.deb"), str(tmp_path))
    assert "none.deb" in caught.value.found, "not what was said"
    assert caught.value.remedy.endswith("choose configurations with --only")


def test_the_page_has_each_configuration(module):
    """By its name, and with the row that it had when all were run."""
    page = (REPOSITORY / "docs" / "regenerate.md").read_text()
    table = page[page.rindex("configuration  ") :]
    for item in module("configurations").CONFIGURATIONS:
        assert f"`{item.name}`" in page, f"{item.name} is not explained"
        assert row(table, item.name)[1] in ("same", "not"), f"{item.name} has no row"


@pytest.mark.parametrize(
    ("arguments", "count", "named"),
    [
        ([], 17, {"baseline", "folder", "aarch64"}),
        (["--all"], 27, {"aarch64-neon", "riscv64", "armhf", "i386", "s390x"}),
        (["--only", "i386", "umask"], 2, {"i386", "umask"}),
    ],
)
def test_which_are_rebuilt(module, monkeypatch, capsys, tmp_path, arguments, count, named):
    """aarch64 each time, the others when all are asked for, or by their names."""
    run, seen = module("run"), []

    def made(item, *_):
        seen.append(item.name)
        return run.Result(name=item.name, verdict="same")

    monkeypatch.setattr(run, "SCRATCH", tmp_path / "scratch")
    monkeypatch.setattr(run, "read_committed", lambda: run.Committed(commit="0", files={}, pins={}))
    monkeypatch.setattr(run, "probe", lambda *_: BASE)
    monkeypatch.setattr(run, "made", made)
    monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
    assert run.main() == 0, "another exit code"
    assert (len(seen), named - set(seen)) == (count, set()), "not those"
    assert f"{count} configurations: {count} same" in capsys.readouterr().out


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


def test_a_build_that_needs_no_other_numpy_does_not_wait_for_pip(module, monkeypatch, tmp_path):
    """It has begun when the package index is asked."""
    run, begun = module("run"), threading.Event()

    def rebuild(item, *_):
        begun.set()
        return run.Result(name=item.name, verdict="same")

    def newest_numpy():
        assert begun.wait(60), "pip is waited for"
        return BASE["numpy"]

    monkeypatch.setattr(run, "SCRATCH", tmp_path / "scratch")
    monkeypatch.setattr(run, "read_committed", lambda: run.Committed(commit="0", files={}, pins={}))
    monkeypatch.setattr(run, "probe", lambda *_: BASE)
    monkeypatch.setattr(run, "rebuild", rebuild)
    monkeypatch.setattr(run, "newest_numpy", newest_numpy)
    monkeypatch.setattr(sys, "argv", ["run.py", "--only", "numpy-newest", "umask"])
    assert run.main() == 0, "another exit code"


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


def test_files_are_held_against_the_lock(module):
    """Where there is no DVC: each file of the stages that ran, named once with all of them."""
    compare = module("compare")
    lock = (
        b"stages:\n"
        b"  one:\n    cmd: a\n    outs:\n    - path: x.npz\n      md5: m1\n"
        b"  two:\n    cmd: a\n    deps:\n    - path: x.npz\n      md5: m1\n"
        b"    outs:\n    - path: y.npz\n      md5: m2\n"
        b"  private:\n    cmd: a\n    outs:\n    - path: z.npz\n      md5: m3\n"
    )
    found = {"x.npz": "m1", "y.npz": "m2"}
    assert compare.file_differences(lock, ["one", "two"], found.get) == [], "equal files differ"
    assert compare.file_differences(lock, ["one", "two"], {"x.npz": "m9"}.get) == [
        "dvc.lock: outs x.npz: committed m1, rebuilt m9 (one)",
        "dvc.lock: deps x.npz: committed m1, rebuilt m9 (two)",
        "dvc.lock: outs y.npz: committed m2, rebuilt nothing (two)",
    ], "other differences"


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
