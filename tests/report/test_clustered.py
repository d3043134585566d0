"""Tests of `registry.report.clustered`: pages drawn by real workers of Dask's."""

from __future__ import annotations

import shutil
import signal
from importlib import metadata

import pytest
from filelock import FileLock

from registry.build.answer import AGAIN, Answer
from registry.build.cluster import Cluster
from registry.errors import CheckError, MissingError
from registry.report import build as module
from registry.report import clustered
from registry.report.build import build
from tests.kit.clone import Clone
from tests.kit.dask_cluster import HIDES, Processes
from tests.kit.environment import environment
from tests.kit.files import contents
from tests.kit.repository import REPOSITORY, excerpt
from tests.kit.servers import absent
from tests.report.kit import FOLDER, NAME, OTHER, UNBUILT
from tests.reproducibility.wheels import install_numpy, numpy_folder

# Of Dask's threads, which end when they like.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

NUMPY = "1.26.4"
MORE = "minimal_dataset_v1_n128"
# What is sent to a worker that sees none of it.
SENT = [f"{FOLDER}/{NAME}.npz", f"envelope/reconstructions/{NAME}_g1.npz"]


@pytest.fixture
def processes(tmp_path):
    """A scheduler, and no worker."""
    with Processes(tmp_path / "dask") as found:
        yield found


@pytest.fixture
def elsewhere(tmp_path):
    """An empty folder for a worker, of no clone."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.fixture
def sent(monkeypatch):
    """Files that the client has sent, as paths."""
    found = []
    opened = Cluster._opened

    def noting(self, sha256):
        found.append(str(self._files[sha256]))
        return opened(self, sha256)

    monkeypatch.setattr(Cluster, "_opened", noting)
    return found


def draw(root, processes, output):
    """A report by a cluster, in this process."""
    with Cluster(root, processes.address) as cluster:
        return build(root, [], output, cluster)


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False])
def test_the_same_report(report, processes, elsewhere, tmp_path, sent, shared):
    """Every file of the folder, broken and absent fixtures too; what no worker sees is sent."""
    processes.worker("it", elsewhere, **({} if shared else {HIDES: str(report.root)}))
    processes.wait("it")
    built = draw(report.root, processes, tmp_path / "out")
    assert (built.exit_code, built.drawn) == (report.exit_code, [NAME, OTHER, UNBUILT])
    assert contents(tmp_path / "out") == contents(report.folder)
    assert sent == ([] if shared else [str(report.root / path) for path in SENT])
    assert contents(elsewhere).keys() <= {"build/digests.json"}, "a worker wrote"
    assert not [*processes.folder("it").rglob("*.npz")], "what was sent stays"
    assert draw(report.root, processes, tmp_path / "out").drawn == []


@pytest.mark.slow
def test_a_lost_worker(root, processes, elsewhere, tmp_path, monkeypatch):
    """What it was at is drawn by another one; the report is that of this machine."""
    for suffix in (".npz", ".json"):
        shutil.copy(REPOSITORY / FOLDER / f"{MORE}{suffix}", root / FOLDER)
    excerpt(root, (NAME, OTHER, MORE))
    build(root, [], tmp_path / "local")
    processes.worker("stays", elsewhere)
    processes.worker("lost", root)
    processes.wait("stays", "lost")
    machines, at_work = [], []
    call, held = Cluster.call, clustered._held

    def stopping(self, *arguments, **options):
        # before anything is asked for: of its share it does nothing
        if not at_work:
            processes.signal("lost", signal.SIGSTOP)
            at_work.append(self._client)
        return call(self, *arguments, **options)

    def killing(name, answer):
        # once another one has an answer, it is gone
        if not machines:
            at_work.append(dict(at_work[0].processing()))
            del at_work[1][answer.machine["address"]]
            processes.signal("lost", signal.SIGKILL)
        machines.append(answer.machine["folder"])
        return held(name, answer)

    monkeypatch.setattr(Cluster, "call", stopping)
    monkeypatch.setattr(clustered, "_held", killing)
    assert draw(root, processes, tmp_path / "out").drawn == [NAME, OTHER, MORE]
    assert machines == [str(elsewhere)] * 3
    (keys,) = at_work[1].values()
    assert keys, "the lost one was at nothing"
    assert contents(tmp_path / "out") == contents(tmp_path / "local")


@pytest.fixture
def nothing_asked(monkeypatch):
    """No page is asked for."""
    monkeypatch.setattr(Cluster, "call", lambda *_, **__: pytest.fail("a page was asked for"))


def refused(root, processes, output) -> dict[str, str]:
    """What is said of a worker; nothing is written."""
    output.mkdir()
    with pytest.raises(CheckError) as caught:
        draw(root, processes, output)
    assert contents(output) == {}
    assert sorted(path.name for path in output.parent.iterdir() if ".out" in path.name) == []
    assert caught.value.parts["subject"].startswith("worker tcp://127.0.0.1:")
    return caught.value.parts


@pytest.mark.slow
def test_a_worker_that_draws_otherwise(root, processes, elsewhere, tmp_path, nothing_asked):
    """It has this package, changed in a module that no fixture's code identity counts."""
    package = tmp_path / "changed" / "registry"
    shutil.copytree(REPOSITORY / "registry", package, ignore=shutil.ignore_patterns("__pycache__"))
    path = package / "drawing.py"
    text = path.read_text(encoding="utf-8")
    assert "_WIDTH = 320\n" in text
    path.write_text(text.replace("_WIDTH = 320\n", "_WIDTH = 321\n"), encoding="utf-8")
    processes.worker("right", root)
    processes.worker("wrong", elsewhere, package.parent)
    processes.wait("right", "wrong")
    said = refused(root, processes, tmp_path / "out")
    assert f", in {elsewhere} (" in said["subject"]
    assert said["expected"].startswith(
        "the report's program as the client has it: registry/drawing.py blob:"
    )
    assert said["found"].startswith("blob:")
    assert "\n" not in said["found"], "the right one was refused, too"


@pytest.mark.slow
def test_a_worker_of_another_version(root, processes, elsewhere, tmp_path, nothing_asked):
    """Which one, and what to install there."""
    scratch = REPOSITORY / "build" / "reproducibility"
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        with FileLock(scratch / "numpy.lock"):
            install_numpy(scratch, NUMPY)
    except MissingError as error:
        absent(f"numpy {NUMPY}", str(error))
    processes.worker("other", elsewhere, numpy_folder(scratch, NUMPY))
    processes.wait("other")
    said = refused(root, processes, tmp_path / "out")
    here = metadata.version("numpy")
    assert said["expected"] == f"the report's program as the client has it: numpy {here}"
    assert said["found"] == NUMPY
    assert said["remedy"] == f"pip install numpy=={here} there, and restart it"


@pytest.mark.slow
def test_bytes_that_are_gone_meanwhile(root, processes, elsewhere, tmp_path, monkeypatch):
    """Nobody waits for them, and there is no report of what is not there."""
    gather = module.facts.gather

    def then_remove(*arguments):
        found = gather(*arguments)
        (root / FOLDER / f"{NAME}.npz").unlink()
        return found

    monkeypatch.setattr(module.facts, "gather", then_remove)
    processes.worker("it", elsewhere)
    processes.wait("it")
    with pytest.raises(CheckError) as caught:
        draw(root, processes, tmp_path / "out")
    assert caught.value.parts["subject"] == f"fixture {NAME}"
    assert caught.value.parts["found"].endswith(", as it came through the cluster")
    assert not (tmp_path / "out").exists(), "half a report"


@pytest.mark.slow
def test_the_command(report, processes, tmp_path):
    """It takes a scheduler's file, and says the same as without one."""
    processes.worker("it", report.root)
    processes.wait("it")
    clone = Clone(report.root, environment(tmp_path, FIXTURES_OFFLINE="1"))
    ended = clone.fixtures("report", "--scheduler", str(processes.file), "--output",
                           str(tmp_path / "out"))  # fmt: skip
    assert ended.code == report.exit_code
    assert f"ok      {NAME}  (drawn)\n" in ended.out
    assert f"BROKEN  {OTHER}  (drawn)\n" in ended.out
    assert contents(tmp_path / "out") == contents(report.folder)


MACHINE = {"address": "tcp://w:1", "host": "h", "folder": "/c", "python": "3.11.7",
           "numpy": "2.4.6", "processor": "P"}  # fmt: skip


@pytest.mark.parametrize(
    ("others", "found"),
    [
        (["x_v1/index.html", "../index.html"], "../index.html"),
        (["x_v1/index.html", "x_v1/.."], "x_v1/.."),
        (["x_v1/index.html", "x_v1/../y.svg", "/y.svg"], "x_v1/../y.svg, /y.svg"),
        (["x_v1/index.html", "y_v1/index.html"], "y_v1/index.html"),
        (["x_v1/index.html", "x_v1/report.js"], "x_v1/report.js"),
        (["x_v1/probe.svg"], "no page"),
    ],
)
def test_files_of_no_page(others, found):
    """However they came about, they are not written."""
    answer = Answer(machine=MACHINE, files=dict.fromkeys(others, b""), sha256={}, told="")
    with pytest.raises(CheckError) as caught:
        clustered._held("x_v1", answer)
    assert caught.value.parts == {
        "subject": "fixture x_v1: files",
        "expected": "x_v1/index.html, and pictures beside it",
        "found": f"{found}, from tcp://w:1 on h, in /c (Python 3.11.7, numpy 2.4.6, P)",
        "remedy": AGAIN,
    }


def test_a_page():
    """It is taken, with its pictures."""
    files = {"x_v1/index.html": b"1", "x_v1/probe.svg": b"2", "x_v1/probe.png": b"3"}
    answer = Answer(machine=MACHINE, files=files, sha256={}, told="")
    assert clustered._held("x_v1", answer) == files
