"""``make reproducibility``: rebuild everything elsewhere, and hold it against the committed pins.

For each configuration a scratch clone of HEAD, a real ``dvc repro`` in it, and a comparison of
``dvc.lock`` and every sidecar, byte for byte, with the committed ones. On an emulated machine there
is no DVC: the stages are run without it, and every file is held against its md5 in the lock. Prints
a table of the digests. The exit code is 1 if anything differs, or if a configuration did not take
effect.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# This repository's own package, even where another clone's is the one installed.
sys.path.insert(0, str(ROOT))

import emulated  # noqa: E402
import witnesses  # noqa: E402
from compare import (  # noqa: E402
    file_differences,
    lock_differences,
    sidecar_differences,
)
from configurations import (  # noqa: E402
    CONFIGURATIONS,
    ENVIRONMENT,
    NEWEST,
    REMOVED,
    Configuration,
    NoEffect,
    effect,
    switched_off,
    unavailable,
)
from wheels import install_numpy, newest_numpy, numpy_folder  # noqa: E402

from registry import console, digests  # noqa: E402
from registry.build import plan  # noqa: E402
from registry.declare import params  # noqa: E402
from registry.errors import CheckError, MissingError, RegistryError  # noqa: E402
from registry.identity import npz, pins  # noqa: E402

SCRATCH = ROOT / "build" / "reproducibility"
BASELINE = CONFIGURATIONS[0]
DIGITS = 12

SAME, DIFFERS, FAILED = "same", "DIFFERS", "FAILED"
NO_EFFECT, NOT_RUN = "NO EFFECT", "not run"


@dataclass(frozen=True, kw_only=True, slots=True)
class Committed:
    """What HEAD holds: the bytes of the lock and of every sidecar by path, and the pins by name."""

    commit: str
    files: dict[str, bytes]
    pins: dict[str, pins.Pin]

    def digest(self, name: str) -> str:
        """Content digest that a fixture's sidecar states."""
        document = json.loads(self.files[self.pins[name].sidecar_path])
        return str(document["content_sha256"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A row of the table, and what explains its verdict.

    ``digests`` are content digests of the rebuilt arrays, by fixture; ``unbuildable`` names the
    file that is missing, by fixture; ``clone`` is a clone that was kept. ``found`` is what the
    probe found where it was built.
    """

    name: str
    verdict: str
    numpy: str = ""
    effect: str = ""
    digests: dict[str, str] = field(default_factory=dict)
    unbuildable: dict[str, str] = field(default_factory=dict)
    details: list[str] = field(default_factory=list)
    clone: Path | None = None
    found: Mapping[str, Any] = field(default_factory=dict)


def main() -> int:
    """Rebuild under every configuration, or those of ``--only``; print; 0 if nothing moved."""
    names = [item.name for item in CONFIGURATIONS]
    parser = argparse.ArgumentParser(description="rebuild under other configurations, and compare")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--all", action="store_true", help="those too that are left to make reproducibility-all"
    )
    which.add_argument("--only", nargs="+", metavar="NAME", choices=names, help=", ".join(names))
    asked = parser.parse_args()
    chosen = [
        item
        for item in CONFIGURATIONS
        if (item.name in asked.only if asked.only else asked.all or not item.weekly)
    ]

    committed = read_committed()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    base = probe(environment(BASELINE, ROOT), ROOT, BASELINE.umask)
    results: dict[str, Result] = {}
    # no more than two: a build keeps a core busy and holds some hundred megabytes
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        try:
            # Those that take longest first, and in no worker's way: what has to be downloaded is
            # while the other one builds.
            in_turn = sorted(chosen, key=lambda item: (item.root is None, item.numpy is not None))
            jobs = [pool.submit(made, item, committed, base) for item in in_turn]
            for count, job in enumerate(as_completed(jobs), 1):
                result = job.result()
                results[result.name] = result
                print(f"[{count}/{len(jobs)}] {result.name}: {result.verdict}", flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    in_order = [results[item.name] for item in chosen]
    report(committed, in_order)
    certify(committed, chosen, in_order)
    return int(any(result.verdict not in (SAME, NOT_RUN) for result in in_order))


# What everything is compared with


def read_committed() -> Committed:
    """Pins of HEAD. Those in the working tree must be the same, or they would go unproven."""
    commit = git("rev-parse", "HEAD").decode().strip()
    lock = committed_file(pins.LOCK)
    found = pins.parse(lock)
    if not found:
        raise MissingError(
            pins.LOCK,
            expected="the pin of a fixture",
            found="none",
            remedy="build one and commit its pins: make fixtures",
        )
    sidecars = [pin.sidecar_path for pin in found.values()]
    changed = git("diff", "--name-only", "HEAD", "--", pins.LOCK, *sidecars).decode().split()
    if changed:
        raise CheckError(
            "pins",
            expected="dvc.lock and every sidecar as committed, since that is what is proven",
            found=f"uncommitted changes in {', '.join(changed)}",
            remedy="commit them, or take them back with git checkout",
        )
    others = git("status", "--porcelain").decode().splitlines()
    if others:
        print(f"note: commit {commit[:DIGITS]} is rebuilt, not its {len(others)} changed files")
    files = {path: committed_file(path) for path in (pins.LOCK, *sidecars)}
    return Committed(commit=commit, files=files, pins=found)


def committed_file(path: str) -> bytes:
    """Bytes of a file in HEAD."""
    try:
        return git("show", f"HEAD:{path}")
    except subprocess.CalledProcessError:
        raise MissingError(
            path,
            expected="a committed file",
            found="none in HEAD",
            remedy="build the fixtures and commit their pins: make fixtures",
        ) from None


def git(*arguments: str) -> bytes:
    """Output of a git command in this repository."""
    command = ["git", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=inherited(), check=True, stdout=subprocess.PIPE
    ).stdout


# Environments


def inherited() -> dict[str, str]:
    """The caller's variables, less those that could shape a build."""
    # a git hook sets these, and they would hold in the clones as well
    of_git = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(REMOVED) and name not in of_git
    }


def environment(configuration: Configuration, clone: Path) -> dict[str, str]:
    """Variables of a configuration's build."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    # In place of the user's configuration, which may name a shared cache, and of what DVC remembers
    # of files by their paths.
    private = str(clone / ".git" / "dvc")
    variables = {
        **inherited(),
        **ENVIRONMENT,
        **configuration.environment,
        # DVC runs stages as `python -m generators…`
        "PATH": path,
        "DVC_GLOBAL_CONFIG_DIR": private,
        "DVC_SYSTEM_CONFIG_DIR": private,
        "DVC_SITE_CACHE_DIR": private,
        "DVC_NO_ANALYTICS": "1",
    }
    root, paths = configuration.root, []
    if configuration.numpy:
        python = root and emulated.python(SCRATCH / root.name, root)
        paths.append(str(numpy_folder(SCRATCH, configuration.numpy, python)))
    if root:
        variables["XDG_CACHE_HOME"] = str(clone / ".git" / "cache")
        paths += emulated.paths(SCRATCH, root)
    if paths:
        variables["PYTHONPATH"] = os.pathsep.join(paths)
    return variables


def python(configuration: Configuration) -> list[str]:
    """What a stage's ``python`` is."""
    root = configuration.root
    return emulated.command(SCRATCH, root) if root else ["python"]


def probe(
    variables: Mapping[str, str],
    folder: Path,
    umask: int,
    python: Sequence[str] = ("python",),
) -> dict[str, Any]:
    """What `probe.py` finds with the `python` that a stage would run."""
    output = run([*python, str(HERE / "probe.py")], variables, folder, umask)
    found: dict[str, Any] = json.loads(output)
    return found


def run(command: list[str], variables: Mapping[str, str], folder: Path, umask: int) -> str:
    """Standard output of a program.

    Raises
    ------
    CheckError
        It failed; what it printed last is in the message.
    """
    ran = subprocess.run(
        [shutil.which(command[0], path=variables["PATH"]) or command[0], *command[1:]],
        cwd=folder,
        env=dict(variables),
        umask=umask,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if ran.returncode:
        printed = (ran.stdout + ran.stderr).decode(errors="replace").strip()
        raise CheckError(
            " ".join(Path(part).name for part in command),
            expected="exit code 0",
            found=f"{ran.returncode}, after printing\n" + "\n".join(printed.splitlines()[-15:]),
            remedy="run it in the clone that is kept",
        )
    return ran.stdout.decode()


# One configuration


def made(configuration: Configuration, committed: Committed, base: dict[str, Any]) -> Result:
    """The row of one configuration."""
    wanted = prepare(configuration, base)
    return wanted if isinstance(wanted, Result) else rebuild(wanted, committed, base)


_downloading = threading.Lock()


def prepare(configuration: Configuration, base: dict[str, Any]) -> Configuration | Result:
    """What is to be rebuilt, with its numpy in place; or why it is not."""
    name, root = configuration.name, configuration.root
    try:
        version = newest_numpy() if configuration.numpy == NEWEST else configuration.numpy
        if root and root.wheels and not version:
            version = base["numpy"]
        wanted = dataclasses.replace(configuration, numpy=version)
        reason = unavailable(wanted, base)
        if reason:
            return Result(name=name, verdict=NOT_RUN, effect=reason)
        # one at a time, for several configurations need the same; who needs none does not wait
        if root or version:
            with _downloading:
                if root:
                    emulated.prepare(SCRATCH, root)
                if version:
                    other = root and emulated.python(SCRATCH / root.name, root)
                    install_numpy(SCRATCH, version, other)
    except MissingError as error:
        return Result(name=name, verdict=FAILED, details=str(error).splitlines())
    return wanted


def rebuild(configuration: Configuration, committed: Committed, base: dict[str, Any]) -> Result:
    """Clone, build, compare. The clone stays only if something is wrong."""
    clone = SCRATCH / (configuration.folder or configuration.name)
    shutil.rmtree(clone, ignore_errors=True)
    variables = environment(configuration, clone)
    result = Result(name=configuration.name, verdict=FAILED, clone=clone)
    try:
        git("clone", "--quiet", "--no-checkout", str(ROOT), str(clone))
        checkout = ["git", "checkout", "--quiet", "--detach", committed.commit]
        run(checkout, variables, clone, configuration.umask)
        command = python(configuration)
        found = probe(variables, clone, configuration.umask, command)
        off: list[str] = []
        if configuration.without:
            off = switched_off(configuration.without, found["features"])
            variables["NPY_DISABLE_CPU_FEATURES"] = " ".join(off)
            found = probe(variables, clone, configuration.umask)
        if configuration.processor:
            variables["QEMU_CPU"] = configuration.processor
            before, found = found, probe(variables, clone, configuration.umask, command)
            off = [name for name in before["features"] if name not in found["features"]]
        result = dataclasses.replace(result, numpy=found["numpy"], found=found)
        result = dataclasses.replace(result, effect=effect(configuration, found, base, off))
        unbuildable = provide_files(clone)
        if configuration.root:
            details = elsewhere(command, variables, clone, committed, unbuildable)
        else:
            # the committed lock says that nothing is to be done: forced, every stage runs, and
            # neither a cache nor DVC's record of earlier runs can stand in for it
            build = ["dvc", "repro", "--force", "--no-run-cache"]
            if unbuildable:
                build += [f"fixture@{name}" for name in committed.pins if name not in unbuildable]
            run(build, variables, clone, configuration.umask)
            details = differences(clone, committed, unbuildable)
        digests = {name: content_digest(clone / pin.path) for name, pin in committed.pins.items()}
    except NoEffect as error:
        shutil.rmtree(clone)
        return dataclasses.replace(result, verdict=NO_EFFECT, clone=None, details=[str(error)])
    except (RegistryError, subprocess.CalledProcessError) as error:
        return dataclasses.replace(result, details=str(error).splitlines())
    result = dataclasses.replace(result, digests=digests, unbuildable=unbuildable)
    if details:
        return dataclasses.replace(result, verdict=DIFFERS, details=details)
    shutil.rmtree(clone)
    return dataclasses.replace(result, verdict=SAME, clone=None)


def elsewhere(
    command: Sequence[str],
    variables: Mapping[str, str],
    clone: Path,
    committed: Committed,
    unbuildable: Mapping[str, str],
) -> list[str]:
    """Build without DVC, do what consumers do, and give a line for everything that differs."""
    declared = params.load(clone)
    left_out = {f"fixture@{name}" for name in unbuildable}
    left_out |= {f"source@{declared.fixtures[name]['source']}" for name in unbuildable}
    stages = [name for name in plan.stages(clone, declared) if name not in left_out]
    # what is compared has to be written here
    for name, pin in committed.pins.items():
        if name not in unbuildable:
            (clone / pin.sidecar_path).unlink()
    umask = BASELINE.umask
    run([*command, str(HERE / "stages.py"), *stages], variables, clone, umask)
    details = differences(clone, committed, unbuildable)
    details += file_differences(committed.files[pins.LOCK], stages, lambda path: md5(clone / path))
    if not details:
        run([*command, "-m", "registry.cli", "verify", *committed.pins], variables, clone, umask)
        suite = "tests/reproducibility/consumer"
        plugin = ["-p", "fixture_registry.pytest_plugin", "-p", "no:cacheprovider"]
        pytest = ["-m", "pytest", "-c", f"{suite}/pytest.ini", *plugin, "--fixtures-strict", suite]
        run([*command, *pytest], variables, clone, umask)
    return details


def md5(path: Path) -> str | None:
    """Of a file, None if there is none."""
    return digests.md5_file(path) if path.is_file() else None


def provide_files(clone: Path) -> dict[str, str]:
    """Link what sources need and git does not have into a clone.

    Returns
    -------
    dict
        Fixtures that this leaves out, since their source's file is nowhere, with that file's path.
    """
    declared = params.load(clone)
    missing = {}
    for name, entry in declared.sources.items():
        path = Path(entry.get("path", "."))
        if "path" not in entry or (clone / path).is_file():
            continue
        # a path that leaves the repository would leave the clone for another place
        if (ROOT / path).is_file() and ".." not in path.parts:
            (clone / path).parent.mkdir(parents=True, exist_ok=True)
            (clone / path).symlink_to(ROOT / path)
        else:
            missing[name] = str(path)
    return {
        name: missing[entry["source"]]
        for name, entry in declared.fixtures.items()
        if entry["source"] in missing
    }


def differences(clone: Path, committed: Committed, unbuildable: Mapping[str, str]) -> list[str]:
    """A line for everything in a clone that is not as committed."""
    rebuilt = {path: read(clone / path) for path in committed.files}
    lines = lock_differences(committed.files[pins.LOCK], rebuilt.pop(pins.LOCK))
    for path, data in rebuilt.items():
        lines += sidecar_differences(path, committed.files[path], data)
    # a pin that nothing declares any more is not rebuilt, and would pass for the same
    lines += [
        f"{pin.path}: not built"
        for name, pin in committed.pins.items()
        if name not in unbuildable and not (clone / pin.path).is_file()
    ]
    # whatever else a build may have touched
    status = ["git", "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"]
    changed = [line[3:] for line in run(status, inherited(), clone, BASELINE.umask).split("\0")]
    others = [path for path in changed if path and path not in committed.files]
    lines += [f"{path}: changed" for path in others if not (clone / path).is_symlink()]
    return lines


def read(path: Path) -> bytes | None:
    """Bytes of a file, None if there is none."""
    return path.read_bytes() if path.is_file() else None


def content_digest(path: Path) -> str:
    """Content digest of a rebuilt fixture's arrays, whatever its sidecar says."""
    data = read(path)
    if data is None:
        return ""
    return digests.content_digest(npz.parse(data, subject=path.name))


# The table


def report(committed: Committed, results: list[Result]) -> None:
    """Print the table, then every difference."""
    names = list(committed.pins)
    columns = [str(number) for number in range(1, len(names) + 1)]
    rows = [["configuration", "verdict", "numpy", *columns, "CPU features, or what is different"]]
    stated = {name: committed.digest(name) for name in names}
    rows.append(["committed", "", "", *(stated[name][:DIGITS] for name in names), ""])
    for result in results:
        cells = []
        for name in names:
            digest = result.digests.get(name, "")
            mark = "!" if digest and digest != stated[name] else ""
            cells.append(digest[:DIGITS] + mark or "-")
        rows.append([result.name, result.verdict, result.numpy or "-", *cells, result.effect])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print(f"\nCommit {committed.commit[:DIGITS]}; content digests of the fixtures")
    for number, name in zip(columns, names, strict=True):
        print(f"  {number}  {name}")
    print()
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())
    unbuildable: dict[str, str] = {}
    for result in results:
        unbuildable.update(result.unbuildable)
    for name, path in unbuildable.items():
        print(f"\n{name} is not rebuilt: the file of its source, {path}, is not here")
    explain(results)
    verdicts = [result.verdict for result in results]
    counts = [f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts)]
    print(f"\n{len(results)} configurations: {', '.join(counts)}")


def certify(committed: Committed, chosen: list[Configuration], results: list[Result]) -> None:
    """Have the certificates tell where all came out the same, unless it did not somewhere."""
    if any(result.verdict == DIFFERS for result in results):
        print("certificates: left as they are, for something differs")
        return
    rows = [
        (item, result.found, {name: result.digests[name] for name in committed.pins
                              if name not in result.unbuildable})
        for item, result in zip(chosen, results, strict=True)
        if result.verdict == SAME
    ]  # fmt: skip
    witnesses.write(ROOT, committed.commit, rows)


def explain(results: list[Result]) -> None:
    """Print what is wrong, once where it is the same, and keep one clone of each kind."""
    groups: dict[tuple[str, ...], list[Result]] = {}
    for result in results:
        if result.details:
            groups.setdefault((result.verdict, *result.details), []).append(result)
    for (verdict, *details), group in groups.items():
        print(f"\n{', '.join(result.name for result in group)}: {verdict}")
        for line in details:
            print(f"  {line}")
        clones = [result.clone for result in group if result.clone]
        for clone in clones[1:]:
            shutil.rmtree(clone)
        if clones:
            print(f"  the clone is kept: {clones[0].relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(console.run(main))
