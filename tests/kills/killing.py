"""Kills at random moments: what is then under its own name, and what the next run leaves.

Everything that a command writes is known beforehand, byte for byte, from a run that nobody ends. So
a file that a killed one has left is whole if it is as before or as after, and the next run has to
make all as after.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.kills.commands import COMMANDS, REGISTRY, REMOTE, TEMPORARY, Command, slowly, start
from tests.kit.files import tree
from tests.kit.servers import ObjectServer

LIMIT_S = 120
Words = Callable[[Path], list[str]]
State = dict[str, tuple[int, bytes]]
LOCK = f"{REGISTRY}/dvc.lock"
# What has no name of its own yet: of ours, by name or in a folder that is made aside.
ASIDE = re.compile(
    rf"{TEMPORARY}/.*|.*/\.[0-9a-f]{{16}}\.tmp|.*\.part|home/fixtures/git/\w+/new/.*"
)
# Files that are locked and always empty, and what a program printed here.
LOCKS = re.compile(r"home/fixtures/git/\w+/lock|.*/\.dvc/tmp/fixtures/\w+\.lock|output")
# Digests that are kept with a file's number and times: two runs have not the same.
KEPT = re.compile(rf"{REGISTRY}/build/digests\.json")
# DVC's own records of itself, which hold times and process numbers.
DVCS = re.compile(rf"home/dvc/.*|{REGISTRY}/\.dvc/tmp/(?!fixtures/).*")
RWLOCK = f"{REGISTRY}/.dvc/tmp/rwlock"
# What DVC writes before it has a name. It takes nothing of that away.
DVCS_ASIDE = re.compile(rf"{REGISTRY}/\.dvc/cache/.*tmp.*|{REGISTRY}/.*/\.?[\w-]{{22}}\.tmp")
# Git's files may be the same in several ways; its own program says whether they are sound.
MIRROR = re.compile(r"home/fixtures/git/\w+/mirror\.git/.*")
GITS_ASIDE = re.compile(r".*\.lock|.*/objects/.*tmp_.*")


@dataclass
class Result:
    """Of one command: how often it was killed or had ended before, and what was wrong then.

    ``dvcs`` is what DVC leaves by itself, in its folders or of its lock.
    """

    name: str
    seconds: float
    killed: int = 0
    ended: int = 0
    findings: list[str] = field(default_factory=list)
    dvcs: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = f"{self.killed} killed, {self.ended} ended before, of {self.seconds:.2f} s"
        said = f"{len(self.findings)} findings, {len(self.dvcs)} of DVC's own"
        return f"{self.name}: {counts}: {said}"


def measure(name: str, folder: Path, *, count: int, seed: int) -> Result:
    """Kill a command so many times, each in a fresh copy of the same place, and run it again."""
    command, place = COMMANDS[name], folder / "place"
    moments = random.Random(f"{seed} {name}")
    # addresses of folders are in what is written: always the same place
    with ObjectServer(place / REMOTE) as server:
        server.fail = slowly
        (place / TEMPORARY).mkdir(parents=True)
        command.make(place, server.url)
        place.rename(folder / "fresh")
        trial = _Trial(command, place, folder / "fresh")
        result = Result(name, trial.seconds)
        for _ in range(count):
            trial.kill(moments.uniform(0, trial.seconds), result)
    return result


class _Trial:
    """A command in a place; before and after are known."""

    def __init__(self, command: Command, place: Path, fresh: Path) -> None:
        self._command, self._place, self._fresh = command, place, fresh
        self._anew()
        self._before = tree(place, ".")
        begun = time.monotonic()
        code = self._end(start(command.words, place))
        self.seconds = time.monotonic() - begun
        assert code == 0, self._said()
        self._after = tree(place, ".")

    def kill(self, seconds: float, result: Result) -> None:
        """Kill it after so long, look, run it again, and look again."""
        self._anew()
        process = start(self._command.words, self._place)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        is_killed = process.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        self._end(process)
        result.killed += is_killed
        result.ended += not is_killed
        where = f"{result.name}, after {seconds:.3f} s"
        result.findings += [f"{where}: {found}" for found in self._halves(result)]
        killed = self._fresh.with_name("killed")
        if self._command.other is not None:
            shutil.copytree(self._place, killed, symlinks=True)
        self._again(self._command.words, where, result)
        if self._command.other is not None:
            shutil.rmtree(self._place)
            killed.rename(self._place)
            self._again(self._command.other, where, result)

    def _again(self, words: Words, where: str, result: Result) -> None:
        """Run a command where another one was killed, and look."""
        code = self._end(start(words, self._place))
        if code != 0 and "RWLock-file" in self._said():
            # DVC writes it in place, and a person has to take it away
            result.dvcs.append(f"{RWLOCK}: half of it")
            (self._place / RWLOCK).unlink()
            code = self._end(start(words, self._place))
        done = self._command.done
        if code != 0 and not (done and done in self._said()):
            result.findings.append(f"{where}: the next run fails: {self._said()}")
            return
        result.findings += [f"{where}, and the next run: {found}" for found in self._left(result)]

    def _said(self) -> str:
        return (self._place / "output").read_text()

    def _anew(self) -> None:
        shutil.rmtree(self._place, ignore_errors=True)
        shutil.copytree(self._fresh, self._place, symlinks=True)

    def _end(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for a process, and for those that it started."""
        code = process.wait(LIMIT_S)
        limit = time.monotonic() + LIMIT_S
        while _is_there(process.pid):
            assert time.monotonic() < limit, "a process outlives its group"
            time.sleep(0.01)
        return code

    def _halves(self, result: Result) -> Iterator[str]:
        for path, (_, data) in tree(self._place, ".").items():
            if any(kind.fullmatch(path) for kind in (ASIDE, LOCKS, DVCS, DVCS_ASIDE, MIRROR)):
                continue
            if data in self._known(path) or (KEPT.fullmatch(path) and _is_json(data)):
                continue
            if path != LOCK:
                yield f"{path}: neither as before nor as after"
            elif not self._is_between(data):
                # DVC writes it in place; a person takes it from git
                result.dvcs.append(f"{path}: {len(data)} bytes, and no more")
                (self._place / path).write_bytes(self._before[path][1])
        for mirror in self._place.glob("home/fixtures/git/*/mirror.git"):
            checked = subprocess.run(
                ["git", "fsck", "--full"], cwd=mirror, capture_output=True, text=True, check=False
            )
            if checked.returncode != 0:
                yield f"{mirror.name}: {checked.stdout}{checked.stderr}"

    def _known(self, path: str) -> list[bytes]:
        return [state[path][1] for state in (self._before, self._after) if path in state]

    def _is_between(self, lock: bytes) -> bool:
        """Whether each stage of a lock is as before or as after: DVC writes it after each."""
        old, new, found = (_stages(text) for text in (*self._known(LOCK), lock))
        return bool(found) and all(
            stage in (old.get(name), new.get(name)) for name, stage in found.items()
        )

    def _left(self, result: Result) -> Iterator[str]:
        found = tree(self._place, ".")
        for path in sorted(found.keys() | self._after.keys()):
            if MIRROR.fullmatch(path):
                if GITS_ASIDE.fullmatch(path):
                    yield f"{path}: is left"
            elif any(kind.fullmatch(path) for kind in (LOCKS, KEPT, DVCS)):
                continue
            elif path not in self._after:
                if DVCS_ASIDE.fullmatch(path):
                    result.dvcs.append(f"{path}: is left")
                else:
                    yield f"{path}: is left"
            elif path not in found:
                yield f"{path}: is missing"
            elif found[path] != self._after[path]:
                yield f"{path}: other bytes or mode than after a run that nobody ends"
        for folder in (self._place / TEMPORARY, *self._place.glob("home/fixtures/git/*/new")):
            if any(folder.rglob("*")) or folder.name == "new":
                yield f"{folder.relative_to(self._place)}: is left"


def _stages(lock: bytes) -> dict[str, object]:
    try:
        return yaml.safe_load(lock)["stages"]
    except (yaml.YAMLError, TypeError, KeyError):
        return {}


def _is_json(data: bytes) -> bool:
    try:
        return bool(json.loads(data))
    except ValueError:
        return False


def _is_there(group: int) -> bool:
    """Whether a group has processes that run; one that is only to be reaped counts for none."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    listed = subprocess.run(
        ["ps", "-eo", "pgid=,stat="], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.splitlines()
    return any(line.split()[0] == str(group) and "Z" not in line for line in listed)
