"""A registry by URL of somebody who means harm: nothing of it runs, and nothing leaves the cache.

What Python did on each visit is known from its audit hooks, so that this does not rest on a file
that is not there afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest
from filelock import FileLock

from tests.hostile import registries
from tests.kit.environment import environment
from tests.kit.files import tree
from tests.kit.processes import run
from tests.kit.repository import REPOSITORY
from tests.kit.upstream import FRAMES, Upstream

GIT = {"clone", "fetch", "rev-parse", "ls-tree", "cat-file"}
PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn",
            "os.forkpty", "pty.spawn")  # fmt: skip
CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.chmod",
           "os.truncate", "os.utime", "os.chown", "shutil.rmtree", "shutil.copyfile")  # fmt: skip
LIMIT_S = 300


class Visits:
    """What came of the visits to all hostile registries, each made once, by one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache, self.bait = folder / "cache", folder / "bait"
        self._file = folder / "answers.json"
        # workers of one run share the visits
        with FileLock(folder.with_suffix(".lock")):
            if not self._file.exists():
                self._make()
        found = json.loads(self._file.read_text())
        self.answers = found["answers"]
        self.stderr = found["stderr"]
        self.bait_is_untouched = found["bait_is_untouched"]

    def _make(self) -> None:
        (self.bait / "folder").mkdir(parents=True)
        (self.bait / "file").write_text("the user's own")
        (self.bait / "work").mkdir()
        sound = Upstream(self.folder / "sound" / "registry")
        specs = {"sound": sound.at("main")}
        for each in registries.ALL:
            specs[each.name] = self._made(each, sound)
        before = tree(self.bait, ".")
        command = [sys.executable, "-m", "tests.hostile.visit", *specs.values()]
        done = run(command, self.bait / "work", self._environment(), limit_s=LIMIT_S)
        assert done.returncode == 0, f"the visit itself failed:\n{done.stdout}{done.stderr}"
        answers = json.loads(done.stdout)
        found = {
            "answers": {name: answers[spec] for name, spec in specs.items()},
            "stderr": done.stderr,
            "bait_is_untouched": tree(self.bait, ".") == before,
        }
        self._file.write_text(json.dumps(found))

    def _environment(self) -> dict[str, str]:
        return environment(
            self.bait,
            FIXTURES_CACHE=str(self.cache),
            PYTHONPATH=str(REPOSITORY),
            PYTHONDONTWRITEBYTECODE="1",
            # so that a remote that nobody answers for is given up at once
            AWS_MAX_ATTEMPTS="1",
        )

    def _made(self, hostile: registries.Hostile, sound: Upstream) -> str:
        path = self.folder / hostile.name / "registry"
        shutil.copytree(sound.path.parent, path.parent, symlinks=True)
        upstream = Upstream(path)
        if not hostile.spoil(upstream, self.bait):
            upstream.commit()
        return upstream.at("main")


@pytest.fixture(scope="session")
def visits(tmp_path_factory):
    """All visits."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    return Visits(shared / "hostile")


pytestmark = pytest.mark.slow


def events(visits, hostile, *kinds):
    """What Python did of some kinds."""
    return [what for kind, what in visits.answers[hostile.name]["events"] if kind in kinds]


def test_there_are_enough():
    """At least forty, and each by another name."""
    names = [each.name for each in registries.ALL]
    assert len(names) == len(set(names)) >= 40, "two of one name, or too few"


def test_a_sound_registry(visits):
    """What is asked of hostile ones is answered by one that is not."""
    answer = visits.answers["sound"]
    assert answer["sum"] == FRAMES.sum(), "not its array"
    assert [code for _, code, _ in answer["said"]] == [0] * 4, answer["said"]


def test_what_comes_of_it(visits):
    """It is served as the sound one, or refused in four parts that say why."""
    for hostile in registries.ALL:
        answer = visits.answers[hostile.name]
        assert "crash" not in answer, f"{hostile}: {answer['crash']}"
        if hostile.found == registries.SERVED:
            assert answer.get("sum") == FRAMES.sum(), f"{hostile}: {answer.get('error')}"
            path = Path(answer["path"])
            assert path.is_relative_to(visits.cache), f"{hostile}: its path is not in the cache"
            assert path.is_file(), f"{hostile}: its path is no file"
        else:
            assert "error" in answer, f"{hostile}: it was served"
            assert hostile.found in answer["error"], f"{hostile}: {answer['error']}"
            assert all(answer["parts"].values()), f"{hostile}: a part of {answer['parts']} is empty"


def test_commands(visits):
    """No command ends in a traceback, and each of its lines can be shown."""
    for hostile in registries.ALL:
        for command, code, said in visits.answers[hostile.name]["said"]:
            assert code in (0, 1, 2, 3), f"{hostile}: {command} ended with {code}"
            assert "Traceback" not in said, f"{hostile}: {said}"
            strange = [char for char in said if not (char.isprintable() or char in "\n")]
            assert not strange, f"{hostile}: {command} printed {strange}"


def test_no_program_but_git(visits):
    """Git is the only program that is started, and only to look at a repository."""
    for hostile in registries.ALL:
        for command in events(visits, hostile, *PROGRAMS):
            assert command[0] == "git", f"{hostile}: started {command}"
            words = {word for word in command[1:] if not word.startswith("-")}
            assert words & GIT, f"{hostile}: started {command}"
            assert not {"checkout", "submodule", "worktree", "archive"} & words, (
                f"{hostile}: started {command}"
            )


def test_no_code_of_its_own(visits):
    """What runs is Python's, an installed package's, or ours."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
    ours = (*paths, str(REPOSITORY / "registry"), str(REPOSITORY / "generators"))
    for hostile in registries.ALL:
        for (path,) in events(visits, hostile, "exec", "import"):
            inside = str(Path(path)).startswith(ours) or path.startswith("<") or path == "built-in"
            assert inside, f"{hostile}: ran {path}"
        unpickled = events(visits, hostile, "pickle.find_class")
        assert unpickled == [], f"{hostile}: unpickled {unpickled}"


def test_nothing_outside_the_cache(visits):
    """Files are changed in the user's cache alone."""
    for hostile in registries.ALL:
        for paths in events(visits, hostile, "open", *CHANGES):
            for path in paths:
                real = Path(os.path.realpath(path))
                allowed = real.is_relative_to(visits.cache) or str(real) == os.devnull
                assert allowed, f"{hostile}: changed {path}, which is {real}"


def test_what_is_the_users_is_as_it_was(visits):
    """No file came, went or changed in the user's own folders."""
    assert visits.bait_is_untouched, "something is different"
    assert visits.stderr == "", "something complained"


def test_no_connection_but_where_it_must(visits):
    """Nobody is asked but the host that the registry names, here this machine."""
    for hostile in registries.ALL:
        for address in events(visits, hostile, "socket.connect", "socket.sendto"):
            assert "127.0.0.1" in address or "::1" in address, f"{hostile}: connected to {address}"
