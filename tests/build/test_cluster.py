"""Tests of `registry.build.cluster`: real workers of Dask's, processes in clones of their own."""

from __future__ import annotations

import json
import shutil
import signal
import threading

import pytest
from filelock import FileLock

from registry.build import cluster, many
from registry.build.cluster import Cluster
from registry.build.workers import Workers
from registry.errors import CheckError, MissingError, UsageError
from tests.kit import ramps
from tests.kit.clone import Clone
from tests.kit.dask_cluster import HIDES, LIES, Processes
from tests.kit.environment import environment
from tests.kit.files import tree
from tests.kit.repository import REPOSITORY
from tests.kit.servers import absent
from tests.reproducibility.wheels import install_numpy, numpy_folder

pytestmark = [
    pytest.mark.slow,
    # of Dask's threads, which end when they like
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

NUMPY = "1.26.4"
# Of no lock, cache or fixture: what Python and DVC note for themselves, and digests with inodes.
OWN = ("build/digests", ".dvc/tmp/", "__pycache__/")
RAMPS = {f"{letter}_n{n}_v1": n for letter in "ab" for n in range(20, 26)}


def left(root) -> dict[str, tuple[int, bytes]]:
    """Mode and bytes of everything that a build may leave."""
    return {path: file for path, file in tree(root, ".").items() if not any(o in path for o in OWN)}


@pytest.fixture(scope="module")
def laid(tmp_path_factory):
    """A registry of ramps, and of two fixtures of the first field; its sources are built."""
    root = ramps.lay(tmp_path_factory.mktemp("laid") / "registry")
    for folder in ("generators", "schemas"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / folder, root / folder, dirs_exist_ok=True, ignore=ignored)
    ramps.declare(root, RAMPS)
    path = root / "params.yaml"
    document = json.loads(path.read_bytes())
    document["sources"]["twin"] = {
        "generator": "simulate_v1",
        "seed": 1,
        "photons_per_frame": 1_000_000,
        "max_amplitude": 1.5,
        "licence": "CC0-1.0",
    }
    for n in (16, 17):
        document["fixtures"][f"t_n{n}_v1"] = {
            "generator": "subset_v1",
            "source": "twin",
            "strategy": "evenly_spaced",
            "n_subset": n,
            "diff3d": False,
            "created": "2026-11-27T00:00:00+00:00",
        }
    path.write_text(json.dumps(document, indent=1))
    fixtures(root, "build", "twin", "source_a", "source_b")
    return root


def fixtures(root, *arguments: str, code: int = 0) -> str:
    """Run the command in a registry, and return what it printed."""
    ended = Clone(root, environment(root.parent)).fixtures(*arguments)
    assert ended.code == code, ended.out
    return ended.out


@pytest.fixture(scope="module")
def local(laid, tmp_path_factory):
    """What is left where it is built without a cluster."""
    root = shutil.copytree(laid, tmp_path_factory.mktemp("local") / "registry")
    fixtures(root, "build", "--jobs", "1")
    return left(root)


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """A scheduler."""
    with Processes(tmp_path_factory.mktemp("dask")) as found:
        yield found


@pytest.fixture(scope="module")
def client(laid, tmp_path_factory, processes):
    """A clone, the client's; workers in it, in another one without the source, with other numpy."""
    root = shutil.copytree(laid, tmp_path_factory.mktemp("client") / "registry")
    other = shutil.copytree(laid, tmp_path_factory.mktemp("other") / "elsewhere")
    shutil.rmtree(other / "build")
    scratch = REPOSITORY / "build" / "reproducibility"
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        with FileLock(scratch / "numpy.lock"):
            install_numpy(scratch, NUMPY)
    except MissingError as error:
        absent(f"numpy {NUMPY}", str(error))
    processes.worker("here", root)
    processes.worker("elsewhere", other, **{HIDES: str(root.parent)})
    processes.worker("numpy", root, numpy_folder(scratch, NUMPY))
    processes.wait("here", "elsewhere", "numpy")
    return root


def unbuilt(root) -> None:
    """Take back what was built of fixtures."""
    for path in ("dvc.lock", "code/dvc.lock"):
        (root / path).unlink(missing_ok=True)
    shutil.rmtree(root / ramps.FOLDER, ignore_errors=True)
    shutil.rmtree(root / ".dvc/cache", ignore_errors=True)


def build(root, processes, watch=lambda *_: None, *, submitted=lambda: None, **options):
    """Build by a cluster, in this process; how far it came."""
    with (
        Workers(root, 1) as workers,
        Cluster(root, processes.address, **options) as found,
    ):

        def submit(stage):
            if stage.kind == "source":
                return workers.submit(stage)
            future = found.submit(stage)
            submitted()
            return future

        return many.build(root, (), submit, watch)


def test_workers_of_all_kinds(client, processes, local, monkeypatch):
    """Another clone without the source, another numpy, one that is killed: the same bytes and lock.

    The source comes to the one that does not see it, once.
    """
    unbuilt(client)
    processes.worker("killed", client)
    processes.wait("killed")
    signals = [signal.SIGSTOP, signal.SIGKILL]

    def watch(progress, ended):
        # once all is asked for, it does nothing of its share; once another is done, it is gone
        if signals and (ended is None) == (len(signals) == 2):
            processes.signal("killed", signals.pop(0))

    machines = []
    hold = cluster.answer.hold

    def noting(stage, found, *rest):
        machines.append(found.machine)
        hold(stage, found, *rest)

    monkeypatch.setattr(cluster.answer, "hold", noting)
    progress = build(client, processes, watch)
    assert not progress.failed, [str(error) for error in progress.failed.values()]
    assert not signals
    assert len({machine["address"] for machine in machines}) == 3, "not all took part"
    assert NUMPY in {machine["numpy"] for machine in machines}
    assert left(client) == local
    assert fixtures(client, "build").splitlines()[-1] == "17 stages: 0 built, 17 up to date"


def test_twice(client, processes, local, monkeypatch):
    """Each fixture by two workers, never one alone; by that every worker agrees."""
    unbuilt(client)
    pairs = []
    hold = cluster.answer.hold_together

    def noting(stage, first, second):
        pairs.append({first.machine["address"], second.machine["address"]})
        hold(stage, first, second)

    monkeypatch.setattr(cluster.answer, "hold_together", noting)
    assert not build(client, processes, twice=True).failed
    assert [len(pair) for pair in pairs] == [2] * 14
    assert left(client) == local
    sent = [path.name for path in processes.folder("elsewhere").rglob("sources/*.npz")]
    assert sorted(sent) == sorted(set(sent)), "a source was sent twice"
    assert len(sent) == 2, "the sources of ramps are the same file"
    assert not [*processes.folder("here").rglob("sources/*")], "what it sees was sent"
    said = fixtures(client, "verify", "t_n16_v1", "a_n20_v1", "--regenerate", "--scheduler",
                    processes.address)  # fmt: skip
    assert "ok      t_n16_v1, rebuilt\n" in said
    assert "          ramp: identical\n          sidecar: identical\n" in said
    assert left(client) == local, "it touches nothing"


@pytest.fixture(scope="module")
def two(laid, tmp_path_factory):
    """A scheduler, a clone, and two workers in it, one of which is off by a bit."""
    root = shutil.copytree(laid, tmp_path_factory.mktemp("two") / "registry")
    ramps.declare(root, {"a_v1": 5})
    with Processes(tmp_path_factory.mktemp("dask-two")) as found:
        found.worker("right", root)
        found.worker("wrong", root, **{LIES: "1"})
        found.wait("right", "wrong")
        yield root, found


def test_other_bytes(two):
    """Both machines are named, and the array; nothing is written or pinned."""
    root, processes = two
    progress = build(root, processes, twice=True)
    (error,) = progress.failed.values()
    said = error.parts
    assert said["subject"] == "fixture a_v1: built twice"
    assert said["expected"] == "the same bytes from both workers"
    a, b, *differences = [line.strip() for line in said["found"].splitlines()]
    for letter, line in {"A": a, "B": b}.items():
        assert line.startswith(f"{letter}: tcp://127.0.0.1:"), line
        assert f", in {root} (Python 3." in line
        assert ", numpy " in line
    assert differences == [
        "ramp: rounding: 1 of 5 values, first at (1,)",
        "sidecar: sha256_checksum, content_sha256, arrays",
    ]
    assert not [*root.glob(f"{ramps.FOLDER}/*")]
    assert "a_v1" not in (root / "dvc.lock").read_text()


def test_a_worker_with_other_code(two, tmp_path):
    """It is refused by name, before anything is built; so is one whose files changed meanwhile."""
    root, processes = two
    other = shutil.copytree(root, tmp_path / "other")
    script = other / "generators/ramp_v1.py"
    script.write_text(script.read_text().replace("length + 0", "length + 1"))
    processes.worker("changed", other)
    processes.wait("changed")
    try:
        with pytest.raises(CheckError) as caught:
            build(root, processes)
        said = caught.value.parts
        assert said["subject"].startswith("worker tcp://127.0.0.1:")
        assert f", in {other} (" in said["subject"]
        assert said["expected"].startswith(
            "generator ramp_v1 as the client has it: generators/ramp_v1.py blob:"
        )
        assert said["found"].startswith("blob:")
        assert said["remedy"].startswith("start it in a clone that is at the client's commit")
    finally:
        processes.signal("changed", signal.SIGKILL)


def test_the_second_worker_is_lost(two):
    """Another one that comes meanwhile is asked, be it that nobody else was there at first."""
    root, processes = two
    ramps.declare(root, {"a_v3": 7, "a_v4": 8})
    stopped = []

    def submitted():
        # each has one of the two fixtures; what the right one has built waits for the wrong one
        if not stopped:
            processes.signal("wrong", signal.SIGSTOP)
            stopped.append(threading.Timer(1, late))
            stopped[0].start()

    def late():
        processes.worker("late", root)
        processes.wait("late")
        processes.signal("wrong", signal.SIGKILL)

    progress = build(root, processes, submitted=submitted, twice=True)
    stopped[0].join()
    assert not progress.failed, [str(error) for error in progress.failed.values()]
    assert sorted(stage.entry for stage in progress.built) == ["a_v3", "a_v4"]


def test_a_fixture_that_kills(two):
    """It is named, with how often; another is built all the same."""
    root, processes = two
    ramps.declare(root, {"a_dead_v1": ramps.DEADLY, "a_v2": 6})
    for name in ("third", "fourth", "fifth", "sixth"):
        processes.worker(name, root)
    processes.wait("third", "fourth", "fifth", "sixth")
    progress = build(root, processes)
    assert [stage.entry for stage in progress.failed] == ["a_dead_v1"]
    (error,) = progress.failed.values()
    assert error.parts["found"].startswith("4 workers that died with it, the last of them tcp://")
    assert "a_v2" in [stage.entry for stage in progress.built]


def test_ctrl_c(client, processes, local):
    """What is not done is dropped at once; files are whole, and the next build ends the same."""
    unbuilt(client)

    def watch(progress, ended):
        if ended is not None and ended.kind == "fixture":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(client, processes, watch=watch)
    here = {path: file for path, file in left(client).items() if path.startswith(ramps.FOLDER)}
    assert 0 < len(here) < 2 * len(RAMPS)
    assert here.items() <= local.items()
    assert not build(client, processes).failed
    assert left(client) == local


def test_no_worker(tmp_path, laid, monkeypatch):
    """Nobody is waited for without end: not at first, not when the last one is gone."""
    monkeypatch.setattr(cluster, "_WAIT_S", 1.0)
    root = shutil.copytree(laid, tmp_path / "registry")
    ramps.declare(root, {"a_v1": 5})
    with Processes(tmp_path / "dask") as found:
        none = {
            "subject": f"scheduler {found.address}",
            "expected": "a worker",
            "found": "none for 1 s",
            "remedy": f"start one in a clone of this registry: dask worker {found.address} "
            "--nthreads 1; see docs/cluster.md",
        }
        with pytest.raises(MissingError) as caught:
            build(root, found)
        assert caught.value.parts == none
        found.worker("only", root)
        found.wait("only")
        with pytest.raises(UsageError) as refused:
            build(root, found, twice=True)
        assert refused.value.parts == {
            "subject": "--twice",
            "expected": "at least two workers, since two build each fixture",
            "found": "one",
            "remedy": "start another, best on another machine: "
            f"dask worker {found.address} --nthreads 1",
        }
        progress = build(root, found, submitted=lambda: found.signal("only", signal.SIGKILL))
        assert [error.parts for error in progress.failed.values()] == [none]
