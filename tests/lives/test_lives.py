"""Long lives: whatever is done, what was published stays what it was, or is refused."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

import registry
from registry import digests
from registry.cli import main
from registry.declare.deprecation import FixtureDeprecationWarning
from registry.errors import UsageError
from registry.storage import remote
from tests.kit import sites
from tests.kit.environment import environment
from tests.kit.files import contents
from tests.kit.processes import git
from tests.kit.servers import S3Server
from tests.kit.upstream import forget_revisions
from tests.lives import machine
from tests.lives.life import MODEL, Life

VERSIONS = [f"{letter}_v{number}" for letter in "abc" for number in (1, 2, 3)] + ["d_v1"]
BRANCHES = ("one", "two", "three")


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """A cache of its own, and nothing of the user's settings."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    for variable in ("CI", "FIXTURES_OFFLINE", "FIXTURES_REGISTRY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(remote, "PAUSES_S", (0.0, 0.0))


@pytest.mark.slow
def test_random_lives(tmp_path):
    """A few; ``python -m tests.lives`` lives a hundred."""
    machine.run(Life(tmp_path), 3)


@contextmanager
def directory(folder: Path, monkeypatch):
    """A folder beside the registry."""
    yield Life(folder)


@contextmanager
def http(folder: Path, monkeypatch):
    """A folder that a web server publishes, which others read from."""
    (folder / "remote").mkdir(parents=True)
    with sites.python(folder / "remote") as url:
        yield Life(folder, url)


class InBucket(Life):
    """A life whose objects are put into a bucket by its server, which remembers what it has."""

    def __init__(self, folder: Path, server: S3Server) -> None:
        from s3fs import S3FileSystem

        self._buckets = server.folder
        self._server = S3FileSystem(
            key=server.KEY, secret=server.SECRET, endpoint_url=server.endpoint
        )
        bucket = server.folder / "bucket" / "registry"
        super().__init__(folder, server.url, bucket, endpointurl=server.endpoint)

    def put(self, source: Path, target: Path) -> None:
        """By the server, as DVC does."""
        self._server.put_file(os.fspath(source), target.relative_to(self._buckets).as_posix())


@contextmanager
def s3(folder: Path, monkeypatch):
    """A bucket, with keys in the environment as CI has them."""
    pytest.importorskip("dvc_s3")
    with S3Server(folder / "s3") as server:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.SECRET)
        yield InBucket(folder, server)


class Consumers:
    """Another repository, and clones, which use what is on main by each way there is."""

    def __init__(self, life: Life, forget: Callable[[], None]) -> None:
        self.life, self.project = life, life.root.with_name("project")
        self._forget = forget
        self.project.mkdir()
        git(self.project, "init", "--quiet")

    def check(self, name: str) -> None:
        """They get the published bytes by path, by URL, by import and in a clone of one commit."""
        url = self.life.root.as_uri()
        self._forget()
        with contextlib.chdir(self.project):
            assert main(["import", name, "--from", f"{url}@main"]) == 0
        shallow = self.project.with_name("shallow")
        git(self.project, "clone", "--quiet", "--depth", "1", "--branch", "main", url,
            os.fspath(shallow))  # fmt: skip
        expected = digests.sha256(self.life.released[name])
        for root in (self.life.root, f"git+{url}@main", self.project, shallow):
            found = registry.load(name, root)
            assert found.sidecar.sha256_checksum == expected, f"{name} by {root}: other bytes"
        shutil.rmtree(shallow)

    def check_refused(self, name: str) -> None:
        """A version that is gone is refused with the reason."""
        for root in (self.life.root, f"git+{self.life.root.as_uri()}@main"):
            with pytest.raises(UsageError, match="it was retired on 2026-11-27"):
                registry.load(name, root)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [directory, http, s3])
def test_a_long_life(kind, tmp_path, monkeypatch):
    """Ten versions, three branches at a time, merged in any order; then some are given up."""
    chance = random.Random(kind.__name__)
    with kind(tmp_path / "place", monkeypatch) as life:
        consumers = Consumers(life, partial(forget_revisions, monkeypatch))
        waiting = list(VERSIONS)
        while waiting:
            started = list(zip(BRANCHES, waiting, strict=False))
            del waiting[: len(started)]
            for branch, name in started:
                life.switch("main")
                life.start(branch)
                life.declare(name, 16 + VERSIONS.index(name))
                assert life.build() == [], "refused"
                life.commit()
                assert life.publish() == 0
                life.push()
            chance.shuffle(started)
            for branch, name in started:
                life.switch(branch)
                if not life.release(branch, drivers=chance.random() < 0.5):
                    # neighbouring lines, which git without the drivers calls a conflict
                    life.switch(branch)
                    assert life.merge("main", drivers=True), "in conflict with the drivers, too"
                    assert life.release(branch, drivers=chance.random() < 0.5), "refused"
                assert name in life.released, "not published"
                life.git("branch", "--quiet", "-D", branch)
                life.check()
            consumers.check(started[0][1])
        assert life.released.keys() == {MODEL, *VERSIONS}
        assert int(life.git("rev-list", "--count", "main")) > 30, "a short life"

        old, gone, kept = chance.sample(VERSIONS, 3)
        life.start("changes")
        frames = life.declared()[kept]
        life.redeclare(kept, 99)
        assert life.build() == [kept], "a published version was built anew"
        life.redeclare(kept, frames)
        life.deprecate(old)
        assert life.retire(gone) == 0
        assert life.release("changes", drivers=True), "refused"
        life.git("branch", "--quiet", "-D", "changes")

        before = contents(life.remote)
        code, said = life.fixtures("gc", "--remote", "--delete")
        removed = {before[path] for path in before.keys() - contents(life.remote).keys()}
        if kind is http:
            assert code != 0, "no web server removes anything"
            assert removed == set()
        else:
            assert code == 0, said
            assert removed == {life.released[gone]}, "not what was retired, and nothing else"
        life.check()
        consumers.check(kept)
        with pytest.warns(FixtureDeprecationWarning, match=f"{old} is deprecated: old"):
            consumers.check(old)
        consumers.check_refused(gone)
