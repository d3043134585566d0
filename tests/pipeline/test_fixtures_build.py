"""What `fixtures build` leaves is what `dvc repro` leaves, byte for byte.

That both end what a killed build has begun: tests/kills, and `make kills`.
"""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.kit import ramps
from tests.kit.clone import Clone
from tests.kit.environment import environment
from tests.kit.files import tree
from tests.kit.once import once
from tests.kit.repository import FOLDER

pytestmark = pytest.mark.slow

LENGTHS = {"b_v1": 900, "a_v1": 5, "a_v2": 60, "c_v1": 7, "a_v1_long": 4000}
# Of no lock, no cache and no fixture: what DVC and Python note for themselves, and digests that are
# kept with the numbers of files.
OWN = ("build/digests", ".dvc/tmp/", ".git/", "__pycache__/")


def left(root) -> dict[str, tuple[int, bytes]]:
    """Mode and bytes of everything that a build may leave."""
    return {path: file for path, file in tree(root, ".").items() if not any(o in path for o in OWN)}


def lay(folder) -> None:
    """A registry of ramps in a git repository, not built."""
    root = folder / "registry"
    root.mkdir()
    clone = Clone(root, environment(folder))
    clone.git("init", "--quiet")
    ramps.lay(root)
    # which says nothing of fixtures: DVC does, where they are
    (root / ".gitignore").write_text("/build/\n__pycache__/\n")
    ramps.declare(root, LENGTHS, slope=1e-05, label=f"it's {'long ' * 20}", rising=True)


def reproduce(folder) -> None:
    """The same, built by DVC."""
    lay(folder)
    ended = Clone(folder / "registry", environment(folder)).dvc("repro")
    assert ended.code == 0, ended.out


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory, request):
    """What `dvc repro` leaves of the ramps."""
    return once(tmp_path_factory, request.config, "ramps", reproduce) / "registry"


@pytest.fixture
def laid(tmp_path):
    """The ramps, not built."""
    lay(tmp_path)
    return Clone(tmp_path / "registry", environment(tmp_path))


@pytest.mark.parametrize("jobs", ["1", "2", "8"])
def test_all_that_is_left(reproduced, laid, jobs):
    """By how many at a time makes no difference; then neither command has anything to do."""
    ended = laid.fixtures("build", "--jobs", jobs)
    assert ended.code == 0, ended.out
    assert ended.out.splitlines()[-1] == "8 stages: 8 built, 0 up to date"
    assert left(laid.path) == left(reproduced)
    if jobs == "1":
        assert laid.dvc("repro").stages == ["code/dvc.yaml:code"]
        # the stage that checks the declaration runs always
        said = [line for line in laid.dvc("status").out.splitlines() if line]
        assert said == ["code/dvc.yaml:code:", "\talways changed"]
        assert laid.fixtures("build").out == "8 stages: 0 built, 8 up to date\n"
        assert left(laid.path) == left(reproduced)


def test_one_after_the_other(reproduced, laid):
    """Either command may follow the other."""
    assert laid.fixtures("build", "a_v2", "c_v1").code == 0
    assert laid.dvc("repro", "source@source_b", "fixture@b_v1").code == 0
    assert laid.fixtures("build").code == 0
    found, expected = left(laid.path), left(reproduced)
    # in another order, which is that in which they were built
    for path in ("dvc.lock", f"{ramps.FOLDER}/.gitignore"):
        lines = [sorted(files.pop(path)[1].splitlines()) for files in (found, expected)]
        assert lines[0] == lines[1], path
    assert found == expected


def test_this_repository(built_clone, clone):
    """Fixtures of the first field come out as they are pinned."""
    for folder in ("build", ".dvc/cache", FOLDER):
        shutil.rmtree(clone.path / folder)
    for lock in ("dvc.lock", "code/dvc.lock"):
        (clone.path / lock).unlink()
    ended = clone.fixtures("build", "--jobs", "2")
    assert ended.code == 0, ended.out
    assert left(clone.path) == left(built_clone.path)


def test_what_fails(laid):
    """The same fixtures are left as by `dvc repro --keep-going`, and the last good ones stay."""
    assert laid.fixtures("build").code == 0
    ramps.declare(laid.path, {**LENGTHS, "a_v1": ramps.REFUSED, "a_v3": 8, "b_v1": ramps.FAULTY})
    other = laid.copy(laid.path.parent / "other" / "registry")
    ended = laid.fixtures("build", "--jobs", "2")
    assert ended.code == 1, ended.out
    assert "FAILED   fixture a_v1\n" in ended.out
    assert "error: fixture a_v1\n  expected: what the generator can work with\n" in ended.out
    assert ended.out.splitlines()[-1] == "9 stages: 4 built, 3 up to date, 2 failed"
    assert other.dvc("repro", "--keep-going").code != 0
    found, expected = left(laid.path), left(other.path)
    # where anything fails, DVC has git see the bytes of what is new
    lines = [files.pop(f"{ramps.FOLDER}/.gitignore")[1] for files in (found, expected)]
    assert lines[0].replace(b"/a_v3.npz\n", b"") == lines[1]
    assert found == expected


def test_fail_fast(laid):
    """What has not begun is not begun, and said to be left."""
    ramps.declare(laid.path, {"a_v1": ramps.REFUSED, **{f"a_v{n}": n for n in range(2, 12)}})
    ended = laid.fixtures("build", "--jobs", "1", "--fail-fast")
    assert ended.code == 1, ended.out
    # one more may be at work before the failure is known
    assert re.search(r"\n12 stages: \d built, 0 up to date, 1 failed, \d+ not begun\n", ended.out)
    assert laid.fixtures("build", "a_v11").code == 0
    assert not (laid.path / ramps.FOLDER / "a_v10.npz").exists()


def test_beside_dvc(laid):
    """While a build runs, DVC changes nothing, and the other way round: the second says so."""
    (laid.path / "generators/ramp_v1.py").write_text(
        (laid.path / "generators/ramp_v1.py")
        .read_text()
        .replace("    length = ", "    import time; time.sleep(8)\n    length = ")
    )
    command = ["python", "-m", "registry.cli", "build", "a_v1"]
    with subprocess.Popen(command, cwd=laid.path, env=laid.environment, stdout=-3) as process:
        while not (laid.path / "build/sources/source_a.json").exists():
            assert process.poll() is None
        ended = laid.dvc("repro")
        assert ended.code != 0
        assert "Unable to acquire lock" in ended.out
        process.kill()
