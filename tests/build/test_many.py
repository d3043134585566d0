"""Tests of `registry.build.many`: which stages are built, in what order, and what is pinned.

What builds them is made up here. With what really does: tests/pipeline/test_fixtures_build.py.
"""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import Future
from dataclasses import replace

import pytest

from registry.build import code, lock, many
from registry.build.lock import File
from registry.build.work import Built
from registry.digests import md5
from registry.errors import CheckError, LockedError, UsageError
from registry.storage import cache, dvc_lock
from tests.kit import ramps
from tests.kit.files import contents


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A registry that is laid out, with three fixtures of two sources."""
    root = ramps.lay(tmp_path_factory.mktemp("ramps") / "registry")
    ramps.declare(root, {"a_v1": 2, "a_v2": 3, "b_v1": 4})
    return root


@pytest.fixture
def root(template, tmp_path):
    """A copy of it."""
    return shutil.copytree(template, tmp_path / "registry")


class Builder:
    """Writes each output with made-up bytes, at once; notes which stages, and fails on some."""

    def __init__(self, root):
        self.root, self.asked, self.fails = root, [], {}
        # what takes a while, and what all outputs say
        self.slow, self.text = set(), "built"
        # what waits for a process, for longer than anything takes here
        self.queued = set()

    def submit(self, stage) -> Future:
        """Build a stage."""
        self.asked.append(stage.name)
        future = Future()
        if stage.entry in self.fails:
            future.set_exception(self.fails[stage.entry])
            return future
        outs = {}
        for path in stage.outs:
            data = f"{self.text} {path}".encode()
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(data)
            outs[path] = File(md5=md5(data), size=len(data))
            if path in stage.cached:
                cache.put(self.root, md5(data), data)
        built = Built(outs=outs, told=f"{stage} is built")
        if stage.entry in self.queued:
            timer = threading.Timer(5, lambda: future.cancelled() or future.set_result(built))
            timer.daemon = True
            timer.start()
        elif stage.entry in self.slow:
            # else it could be taken back
            future.set_running_or_notify_cancel()
            threading.Timer(0.1, future.set_result, [built]).start()
        else:
            future.set_result(built)
        return future


@pytest.fixture
def builder(root):
    """What builds its stages."""
    return Builder(root)


ALL = ["source@source_a", "source@source_b", "fixture@a_v1", "fixture@a_v2", "fixture@b_v1"]


def build(root, builder, *names, watch=lambda *_: None, **options):
    """Build what is not up to date; how far it came."""
    builder.asked.clear()
    return many.build(root, names, builder.submit, watch, **options)


def names(stages) -> list[str]:
    """Of stages, sorted."""
    return sorted(stage.name for stage in stages)


def refusal() -> CheckError:
    """An error of a stage's."""
    return CheckError("it", expected="a", found="b", remedy="c")


def test_everything(root, builder):
    """Sources first; each stage is in the lock with its command, dependencies and outputs."""
    progress = build(root, builder)
    assert sorted(builder.asked) == sorted(ALL)
    assert names(progress.built) == sorted(ALL)
    assert (progress.total, progress.ended) == (5, 5)
    locked = lock.read(root)
    assert list(locked) == ALL, "not the order in which DVC builds"
    entry = locked["fixture@a_v1"]
    for path, file in {**entry.deps, **entry.outs}.items():
        data = (root / path).read_bytes()
        assert file == File(md5=md5(data), size=len(data)), path
    assert lock.read(root / "code")["code"].command == "python -m registry.build.code"


def test_nothing_to_do(root, builder):
    """Then nothing is, and no byte changes."""
    build(root, builder)
    before = contents(root)
    progress = build(root, builder)
    assert builder.asked == []
    assert names(progress.current) == sorted(ALL)
    after = contents(root)
    for folder in (before, after):
        # who held DVC's lock
        folder.pop(".dvc/tmp/lock")
    assert after == before


def change(root, path: str) -> None:
    """Put other bytes into a file."""
    (root / path).write_bytes(b"other")


@pytest.mark.parametrize(
    ("what", "asked"),
    [
        (lambda root: change(root, "tests/fixtures/a_v1.npz"), ["fixture@a_v1"]),
        (lambda root: (root / "tests/fixtures/a_v2.json").unlink(), ["fixture@a_v2"]),
        (lambda root: change(root, "build/sources/source_b.npz"), ["source@source_b"]),
        (
            lambda root: (root / "build/sources/source_b.json").unlink(),
            ["source@source_b"],
        ),
        (lambda root: shutil.rmtree(root / ".dvc/cache"), ALL[2:]),
        (lambda root: (root / "dvc.lock").unlink(), ALL),
        (
            lambda root: ramps.declare(root, {"a_v1": 2, "a_v2": 30, "b_v1": 4}),
            ["fixture@a_v2"],
        ),
        (
            lambda root: (root / "generators/ramp_v1.py").write_text("import numpy as np\n"),
            ALL[2:],
        ),
    ],
    ids=["output", "sidecar", "source", "record", "cache", "lock", "params", "code"],
)
def test_what_is_out_of_date(root, builder, what, asked):
    """It is built again, and nothing else."""
    build(root, builder)
    what(root)
    build(root, builder)
    assert sorted(builder.asked) == sorted(asked)
    build(root, builder)
    assert builder.asked == [], "it is still out of date"


def test_a_lock_of_another_pipeline(root, builder):
    """What depended on something else is built again, though nothing of it has changed."""
    build(root, builder)
    entries = lock.read(root)
    entry = entries["fixture@b_v1"]
    deps = {path: file for path, file in entry.deps.items() if path != "build/code/valid"}
    lock.write(root, {"fixture@b_v1": replace(entry, deps=deps)})
    build(root, builder)
    assert builder.asked == ["fixture@b_v1"]
    assert lock.read(root) == entries


def test_a_source_that_becomes_another(root, builder):
    """Its fixtures are built after it, even if they were up to date before."""
    build(root, builder)
    (root / "build/sources/source_a.json").unlink()
    builder.text = "built anew"
    build(root, builder)
    assert builder.asked == ["source@source_a", "fixture@a_v1", "fixture@a_v2"]


def test_some(root, builder):
    """Those that are named, and what they are made of."""
    progress = build(root, builder, "b_v1")
    assert builder.asked == ["source@source_b", "fixture@b_v1"]
    assert progress.total == 2
    build(root, builder, "source_a")
    assert builder.asked == ["source@source_a"]
    build(root, builder)
    assert sorted(builder.asked) == ["fixture@a_v1", "fixture@a_v2"]
    assert list(lock.read(root)) == [ALL[1], ALL[4], ALL[0], ALL[2], ALL[3]], (
        "what was there has moved"
    )


def test_a_name_that_is_none(root, builder):
    """Names like it are told, and nothing is built."""
    with pytest.raises(UsageError, match="perhaps b_v1"):
        build(root, builder, "a_v1", "b_v11")
    assert builder.asked == []


def test_one_fails(root, builder):
    """All others are built and pinned; what needs it is skipped; it is tried again later."""
    build(root, builder)
    before = lock.read(root)
    (root / "dvc.lock").unlink()
    builder.fails = {"source_a": refusal(), "b_v1": refusal()}
    progress = build(root, builder)
    assert names(progress.failed) == ["fixture@b_v1", "source@source_a"]
    assert {str(k): str(v) for k, v in progress.skipped.items()} == {
        "fixture a_v1": "source source_a",
        "fixture a_v2": "source source_a",
    }
    assert progress.ended == progress.total
    assert list(lock.read(root)) == ["source@source_b"]
    builder.fails = {}
    build(root, builder)
    assert sorted(builder.asked) == sorted([ALL[0], *ALL[2:]])
    assert lock.read(root) == before


def test_fail_fast(root, builder):
    """Nothing more is begun; what was built is pinned."""
    builder.fails, builder.slow = {"source_a": refusal()}, {"source_b"}
    progress = build(root, builder, fail_fast=True)
    assert builder.asked == ALL[:2], "something was begun after the failure"
    assert list(lock.read(root)) == ["source@source_b"]
    assert progress.ended < progress.total


def test_fail_fast_and_what_waits_for_a_process(root, builder):
    """It is taken back."""
    builder.fails, builder.queued = {"source_b": refusal()}, {"source_a"}
    progress = build(root, builder, fail_fast=True)
    assert builder.asked == ALL[:2]
    assert (len(progress.failed), len(progress.built)) == (1, 0)


def test_a_full_disk_of_a_worker(root, builder):
    """Fails the stage that it was at, in the words that all commands have for it."""
    builder.fails = {"a_v1": OSError(28, "No space left on device", "x")}
    progress = build(root, builder)
    ((stage, error),) = progress.failed.items()
    assert stage.name == "fixture@a_v1"
    assert str(error) == (
        "file x\n"
        "  expected: a file that can be read, or written whole\n"
        "  found:    No space left on device\n"
        "  to mend:  free some space, then run the command again; nothing half-written was left "
        "behind"
    )


def test_ctrl_c(root, builder):
    """What has begun comes to its end and is pinned; nothing more is begun."""
    builder.slow = {"source_b"}

    def watch(progress, ended):
        if ended is not None and ended.name == "source@source_a":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(root, builder, watch=watch)
    assert builder.asked == ALL[:2]
    assert list(lock.read(root)) == ALL[:2]


def test_the_lock_is_written_now_and_then(root, builder, monkeypatch):
    """A build that is killed after hours has not built for nothing."""
    monkeypatch.setattr(many, "_WRITE_EVERY_S", 0)
    seen = []

    def watch(progress, ended):
        seen.append(len(lock.read(root)))

    build(root, builder, watch=watch)
    assert 0 < seen[-2] < len(ALL), seen


def test_new_stages_are_locked_in_the_order_in_which_dvc_builds(root, builder, monkeypatch):
    """Whichever is built first, and whenever the lock is written."""
    monkeypatch.setattr(many, "_WRITE_EVERY_S", 0)
    builder.slow = {"source_a", "a_v1"}
    build(root, builder)
    assert list(lock.read(root)) == ALL


def test_code_that_changes_meanwhile(root, builder):
    """Nothing is pinned that other code may have built."""

    def watch(progress, ended):
        if ended is not None and ended.name == "fixture@b_v1":
            (root / "generators/ramp_v1.py").write_text("import numpy as np\n")

    with pytest.raises(CheckError) as caught:
        build(root, builder, watch=watch)
    assert caught.value.parts == {
        "subject": "generator ramp_v1",
        "expected": "its code to stay as it is while it is at work",
        "found": "a change of it, or of what it imports",
        "remedy": "run fixtures build again; nothing of what it built was pinned",
    }
    assert lock.read(root) == {}


def test_a_declaration_that_breaks_a_rule(root, builder):
    """Nothing is built, and nothing of it is made into a path."""
    ramps.declare(root, {"a_v1": 1})
    with pytest.raises(CheckError, match=r"fixtures.a_v1.length: expected at least 2; found 1"):
        build(root, builder)
    assert builder.asked == []
    assert not (root / code.FOLDER).exists()


def test_dvc_is_at_work(root, builder, monkeypatch):
    """Nothing is done."""
    monkeypatch.setattr(dvc_lock, "_WAIT_S", 0)
    with dvc_lock.held(root), pytest.raises(LockedError):
        build(root, builder)
    assert builder.asked == []


def test_a_lock_that_is_none(root, builder):
    """Nothing is built before it is seen to."""
    (root / "dvc.lock").write_text("[]")
    with pytest.raises(CheckError, match="expected: a lock as DVC writes it"):
        build(root, builder)
    assert builder.asked == []
