"""What consumers do on Windows and macOS.

On Linux by modules that find only what those have, see `elsewhere`: git and packages from outside
are then Linux's. On those systems as it is.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from registry.identity import pins
from tests.kit import elsewhere
from tests.kit.environment import environment
from tests.kit.files import flip, object_in
from tests.kit.processes import Ended, run
from tests.kit.repository import REPOSITORY
from tests.kit.servers import ObjectServer
from tests.kit.upstream import FRAMES, Upstream

pytestmark = pytest.mark.slow

SUM = f"{FRAMES.sum()}\n"
LOAD = 'import registry; print(registry.load("small_v1").frames.sum())'
TESTS = """
import pytest

@pytest.mark.fixtures("small_v1")
def test_it(load_fixture, request):
    assert load_fixture("small_v1").frames.sum() == 15
"""
PLUGINS = ("-p", "fixture_registry.pytest_plugin", "-p", "no:cacheprovider")


PLATFORMS = ["win32", "darwin"] if sys.platform == "linux" else [sys.platform]
POSED = pytest.mark.skipif(sys.platform != "linux", reason="here nothing is hidden")
SCRIPTED = pytest.mark.skipif(sys.platform == "win32", reason="takes scripts, or links")


class Consumer:
    """Runs programs in a folder, as on another system."""

    def __init__(self, platform: str, folder: Path) -> None:
        self.platform, self.folder = platform, folder
        self.home = folder.parent

    def run(self, *arguments: str, **variables: str) -> Ended:
        """Run a module or a text; how it ended."""
        variables = {"PYTHONPATH": os.fspath(REPOSITORY), **variables}
        env = environment(self.home, **variables)
        if self.platform == "win32" != sys.platform:
            env["PATH"] = f"{_programs(self.home)}{os.pathsep}{env['PATH']}"
        ended = run(elsewhere.command(self.platform, *arguments), self.folder, env)
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def fixtures(self, *arguments: str, **variables: str) -> Ended:
        """Run a command."""
        return self.run("-m", "registry.cli", *arguments, **variables)

    def load(self, **variables: str) -> Ended:
        """Load the fixture."""
        return self.run("-c", LOAD, **variables)


def _programs(folder: Path) -> Path:
    """A folder with git, by the name that programs have on Windows."""
    programs = folder / "programs"
    if not programs.exists():
        programs.mkdir()
        (programs / "git.exe").symlink_to(shutil.which("git"))
    return programs


@pytest.fixture
def upstream(tmp_path):
    """A registry with its bytes in the workspace, and on a remote that is a folder."""
    return Upstream(tmp_path / "theirs" / "registry")


@pytest.fixture
def pin(upstream):
    """The pin of its fixture."""
    return pins.find(upstream.path, "small_v1")


@pytest.fixture
def file(upstream, pin):
    """The workspace's file."""
    return upstream.path / pin.path


@pytest.fixture(params=PLATFORMS)
def consumer(request, upstream):
    """Who works in a clone of it."""
    return Consumer(request.param, upstream.path)


@pytest.fixture
def windows(upstream):
    """The same, on Windows."""
    if "win32" not in PLATFORMS:
        pytest.skip("Windows' rules are neither here nor posed")
    return Consumer("win32", upstream.path)


def by_url(consumer, upstream):
    """What names the registry by URL, to somebody who has no clone."""
    consumer.folder = upstream.path.parent
    return {"FIXTURES_REGISTRY": upstream.at("main")}


def left_over(folder):
    """Names of temporary files below a folder."""
    return [path.name for path in folder.rglob("*") if path.name.endswith((".tmp", ".part"))]


@POSED
def test_what_is_hidden():
    """The names that are not Windows', and those that are not macOS', are known from typeshed."""
    windows, mac = elsewhere.hidden("win32"), elsewhere.hidden("darwin")
    for module, names in {
        "os": {"getuid", "geteuid", "killpg", "O_NOFOLLOW", "O_DIRECTORY", "sched_getaffinity"},
        "signal": {"SIGKILL", "SIGPIPE", "SIGXCPU"},
    }.items():
        assert names <= windows[module], module
    assert not {"getpid", "replace", "link", "umask", "O_CREAT"} & windows["os"], "Windows has it"
    missing = {module for module, names in windows.items() if "" in names}
    assert {"fcntl", "grp", "pwd", "resource", "termios"} <= missing
    assert "sched_getaffinity" in mac["os"], "not hidden"
    assert "MADV_HUGEPAGE" in mac["mmap"], "not hidden"
    assert not {"getuid", "killpg"} & mac["os"], "macOS has it"


@POSED
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("import os; os.getuid()", "module 'os' has no attribute 'getuid'"),
        ("from os import getuid", "cannot import name 'getuid' from 'os'"),
        ("import fcntl", "No module named 'fcntl'"),
        ("import os; os.symlink('a', 'b')", "A required privilege is not held"),
        ("import os; os.open('.', 0)", "Permission denied"),
        ("from pathlib import Path; Path('con.txt').touch()", "volume label syntax"),
        ("file = open('b', 'xb')\nimport os; os.replace('a', 'b')", "Access is denied"),
        ("import os; os.chmod('a', 0o444); os.remove('a')", "Access is denied"),
        ("import os; os.chmod('a', 0o444); os.replace('c', 'a')", "Access is denied"),
        ("open('a', encoding='utf-8'); open('a')", "EncodingWarning"),
    ],
)
def test_what_is_refused(asked, said, tmp_path):
    """Windows' rules hold for our modules; the same text under another name breaks none."""
    for name in ("a", "c"):
        (tmp_path / name).touch()
    for module, code in (("registry.made", 1), ("made", 0)):
        text = f"exec(compile({asked!r}, 'made.py', 'exec'), {{'__name__': {module!r}}})"
        ended = Consumer("win32", tmp_path).run("-c", text)
        assert ended.code == code, ended
        assert (said in ended.err) == bool(code), ended.err
        for path in tmp_path.iterdir():
            path.unlink()
        for left in ("a", "c"):
            (tmp_path / left).touch()


def test_a_load(consumer, upstream, pin, file):
    """From the workspace, from the cache, and from a remote that is a folder."""
    assert consumer.load() == Ended(0, SUM), "from the workspace"
    cached = object_in(upstream.path / ".dvc" / "cache", pin.md5)
    cached.parent.mkdir(parents=True)
    file.rename(cached)
    assert consumer.load(FIXTURES_OFFLINE="1") == Ended(0, SUM), "from the cache"
    cached.unlink()
    assert consumer.load() == Ended(0, SUM), "from the remote"
    assert cached.is_file(), "not kept in the cache"
    assert left_over(upstream.path) == []


def test_verify(consumer, upstream):
    """Each link of the chain holds, of a registry by URL."""
    variables = by_url(consumer, upstream)
    ended = consumer.fixtures("pull", **variables)
    assert (ended.code, ended.err) == (0, ""), ended
    ended = consumer.fixtures("verify", **variables)
    assert (ended.code, ended.err) == (0, ""), ended
    assert "ok      small_v1  (6 links hold)" in ended.out


@POSED
def test_verify_where_it_is_built(consumer, root):
    """So do those to schemas and generators."""
    consumer.folder = root
    ended = consumer.fixtures("verify", "minimal_dataset_v1_n16")
    assert (ended.code, ended.err) == (0, ""), ended
    assert "ok      minimal_dataset_v1_n16  (10 links hold)" in ended.out


def test_a_pull(consumer, upstream, file):
    """From a remote that is a folder, and to where the user says."""
    file.unlink()
    ended = consumer.fixtures("pull")
    assert (ended.code, ended.err) == (0, ""), ended
    assert "pulled   small_v1" in ended.out
    assert file.is_file(), "not there"
    ended = consumer.fixtures("pull", "small_v1", "--to", "here/")
    assert (ended.code, ended.err) == (0, ""), ended
    assert (upstream.path / "here" / "small_v1.npz").read_bytes() == file.read_bytes()
    assert left_over(upstream.path) == []


def test_a_pull_over_http(consumer, upstream, file):
    """From a server."""
    file.unlink()
    with ObjectServer(upstream.path.parent / "remote") as server:
        config = f"[core]\nremote = web\n['remote \"web\"']\nurl = {server.url}\n"
        (upstream.path / ".dvc" / "config").write_text(config)
        ended = consumer.fixtures("pull")
    assert (ended.code, ended.err) == (0, ""), ended
    assert "from the remote" in ended.out
    assert server.asked.total() == 1, "not fetched over HTTP, or more than once"


def test_the_plugin(consumer, upstream, tmp_path):
    """Tests get their fixtures, in a folder and by URL."""
    (upstream.path / "test_it.py").write_text(TESTS)
    command = ("-m", "pytest", "-q", *PLUGINS, "test_it.py")
    ended = consumer.run(*command, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", CI="1")
    assert "1 passed" in ended.out, ended
    shutil.copy(upstream.path / "test_it.py", upstream.path.parent)
    variables = by_url(consumer, upstream)
    ended = consumer.run(*command, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", CI="1", **variables)
    assert "1 passed" in ended.out, ended


def test_a_registry_by_url(consumer, upstream):
    """It is served over git, once more after a commit, and offline as last seen."""
    variables = by_url(consumer, upstream)
    assert consumer.load(**variables) == Ended(0, SUM), "at first"
    upstream.commit()
    assert consumer.load(**variables) == Ended(0, SUM), "after a commit"
    upstream.vanish()
    assert consumer.load(**variables, FIXTURES_OFFLINE="1") == Ended(0, SUM), "offline"
    assert left_over(consumer.home / "home") == []


def test_a_registry_by_url_after_an_interruption(windows, upstream):
    """What a killed process or git left goes, read-only or not."""
    variables = by_url(windows, upstream)
    assert windows.load(**variables) == Ended(0, SUM)
    (base,) = (windows.home / "home" / "fixtures" / "git").iterdir()
    upstream.commit()
    (base / "new" / "folder").mkdir(parents=True)
    for left in ("new/folder/file", "new/file", "mirror.git/objects/tmp_obj_x"):
        (base / left).touch(mode=0o444)
    (base / "mirror.git" / "objects" / "tmp_objdir-x").mkdir()
    (base / "mirror.git" / "objects" / "tmp_objdir-x" / "file").touch(mode=0o444)
    assert windows.load(**variables) == Ended(0, SUM)
    assert not (base / "new").exists(), "it is left"
    assert not list((base / "mirror.git" / "objects").glob("tmp_*")), "it is left"


def test_bad_bytes_in_the_cache(windows, upstream, pin, file):
    """They are replaced, although they are read-only there."""
    cached = object_in(upstream.path / ".dvc" / "cache", pin.md5)
    cached.parent.mkdir(parents=True)
    good = file.read_bytes()
    file.rename(cached)
    cached.chmod(0o444)
    flip(cached)
    assert windows.load() == Ended(0, SUM)
    assert cached.read_bytes() == good, "the bad bytes are still there"
    assert cached.stat().st_mode & 0o777 == 0o444, "it can be written to"


def test_bad_bytes_in_the_folder_of_a_registry_by_url(windows, upstream, pin):
    """They are replaced, although they are read-only there."""
    variables = by_url(windows, upstream)
    assert windows.load(**variables) == Ended(0, SUM)
    folder = windows.home / "home" / "fixtures" / "git"
    (served,) = folder.glob(f"*/revisions/*/{pin.path}")
    good = served.read_bytes()
    flip(served)
    ended = windows.load(**variables)
    assert (ended.code, ended.out) == (0, SUM), ended
    assert "verified bytes replaced it" in ended.err
    assert served.read_bytes() == good, "the bad bytes are still there"
    assert left_over(folder) == []


def test_a_file_that_is_in_use(windows, upstream, file):
    """It cannot be replaced: a load has its arrays all the same, and a pull says why not."""
    flip(file)
    before = file.read_bytes()
    hold = f"import mmap; file = open({str(file)!r}, 'rb'); "
    hold += "held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ); file.close(); "
    assert windows.run("-c", hold + LOAD) == Ended(0, SUM)
    pull = "from registry.cli import main; raise SystemExit(main(['pull']))"
    ended = windows.run("-c", hold + pull)
    assert ended.code == 3, ended
    assert "to mend:  close what has the file open" in ended.err
    assert file.read_bytes() == before, "it changed"
    assert left_over(upstream.path) == []


@SCRIPTED
def test_a_git_that_does_not_end(consumer, upstream, tmp_path):
    """It is ended, and the registry told to be unreachable."""
    variables = by_url(consumer, upstream)
    name = "git.exe" if consumer.platform == "win32" else "git"
    folder = tmp_path / "theirs" / "programs"
    folder.mkdir()
    (folder / name).write_text("#!/bin/sh\nexec sleep 60\n")
    (folder / name).chmod(0o755)
    if consumer.platform == "darwin":
        variables["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    text = f"from registry.storage import git; git.LIMIT_S = 0.2; {LOAD}"
    ended = consumer.run("-c", text, **variables)
    assert "MissingError" in ended.err, ended
    assert "no answer within 0 s" in ended.err, ended


def test_a_large_file(consumer):
    """It is read into memory of which Linux alone is asked for huge pages."""
    (consumer.folder / "large").write_bytes(bytes(1 << 23))
    text = "from registry import digests, files; from pathlib import Path; "
    text += "print(digests.md5(files.read(Path('large'))))"
    assert consumer.run("-c", text) == Ended(0, "96995b58d4cbf6aaa9041b4f00c7f6ae\n")


def test_a_temporary_folder(consumer):
    """Git merges in one, which is gone afterwards; what a killed process left stays on Windows."""
    consumer.folder = consumer.home
    (consumer.home / "tmp" / "fixtures-merge-abcdefgh").mkdir(parents=True)
    text = "from registry.storage import git; "
    text += "print(git.merge_file(b'a\\nb\\nc\\n', b'x\\nb\\nc\\n', b'a\\nb\\nz\\n'))"
    tmp = str(consumer.home / "tmp")
    assert consumer.run("-c", text, TMPDIR=tmp, TEMP=tmp) == Ended(0, "b'x\\nb\\nz\\n'\n")
    left = [path.name for path in (consumer.home / "tmp").iterdir()]
    assert left == (["fixtures-merge-abcdefgh"] if consumer.platform == "win32" else [])


@POSED
def test_what_takes_another_system(windows, tmp_path):
    """It says so, and where to run it."""
    path = tmp_path / "scan.cxi"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(1000))
    ended = windows.fixtures("profile", str(path))
    assert ended.code == 3, ended
    assert "expected: a system that ends a process whose processor time is over" in ended.err
    assert "found:    Windows, which does not" in ended.err
    text = "from registry.training import measuring; from pathlib import Path; "
    text += "from registry import console; "
    text += "raise SystemExit(console.run(lambda: measuring.run(Path(), '-c', '')))"
    ended = windows.run("-c", text)
    assert ended.code == 3, ended
    assert "expected: a system that says how much memory a process has had" in ended.err


@POSED
def test_a_folder_that_ends_as_windows_folders_do(windows, upstream):
    """A backslash at its end tells a folder there."""
    text = "import os; os.sep = '!'; from registry.cli import main; "
    text += "raise SystemExit(main(['pull', 'small_v1', '--to', 'here!']))"
    ended = windows.run("-c", text)
    assert (ended.code, ended.err) == (0, ""), ended
    assert sorted(path.name for path in (upstream.path / "here!").iterdir()) == [
        "small_v1.json",
        "small_v1.npz",
    ]


@SCRIPTED
def test_a_link_in_the_place_of_a_file(windows, upstream, pin, file, tmp_path):
    """It is not followed in the cache, although Windows cannot be asked not to follow one."""
    cached = object_in(upstream.path / ".dvc" / "cache", pin.md5)
    cached.parent.mkdir(parents=True)
    file.rename(tmp_path / "elsewhere")
    cached.symlink_to(tmp_path / "elsewhere")
    assert windows.load() == Ended(0, SUM)
    assert not cached.is_symlink(), "the link is still there"


def test_names_that_differ_in_case():
    """No two names of a registry do, nor do two names that are built below one folder."""
    schema = json.loads((REPOSITORY / "schemas" / "params.schema.json").read_bytes())
    patterns = {
        key: schema["properties"][key]["propertyNames"]["pattern"]
        for key in ("sources", "fixtures")
    }
    for key, pattern in patterns.items():
        assert re.search(pattern, "small_v1"), key
        for name in ("Small_v1", "small_V1", "smalL_v1", "small.v1", "small_v1.", "small_v1 "):
            assert not re.search(pattern, name), f"{key}: {name}"


def test_how_long_paths_become(windows, upstream, pin, file):
    """A registry by URL has 72 letters more below the cache: docs/other-systems.md says so."""
    variables = by_url(windows, upstream)
    assert windows.load(**variables) == Ended(0, SUM)
    cache = windows.home / "home" / "fixtures"
    (served,) = cache.rglob(file.name)
    assert len(str(served.relative_to(cache))) == 72 + len(pin.path)


@SCRIPTED
def test_folders_behind_links(upstream, file, tmp_path):
    """The working folder and that of temporary files may be links, as /tmp is on macOS."""
    for name in ("private", "private/tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "tmp").symlink_to("private/tmp")
    (tmp_path / "work").symlink_to("theirs")
    file.unlink()
    consumer = Consumer(PLATFORMS[-1], tmp_path / "work" / "registry")
    variables = {"TMPDIR": str(tmp_path / "tmp"), "PWD": str(consumer.folder)}
    assert consumer.load(**variables) == Ended(0, SUM)
    ended = consumer.fixtures("pull", **variables)
    assert (ended.code, ended.err) == (0, ""), ended
    (upstream.path / "test_it.py").write_text(TESTS)
    command = ("-m", "pytest", "-q", *PLUGINS, "test_it.py")
    ended = consumer.run(*command, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", CI="1", **variables)
    assert "1 passed" in ended.out, ended
    named = {"FIXTURES_REGISTRY": f"git+{consumer.folder.as_uri()}@main"}
    assert consumer.load(**variables, **named) == Ended(0, SUM), "by URL"
    ended = consumer.fixtures("verify", **variables, **named)
    assert (ended.code, ended.err) == (0, ""), ended
    assert list((tmp_path / "tmp").iterdir()) == [], "something is left"
