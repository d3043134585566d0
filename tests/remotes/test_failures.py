"""What goes wrong on the way from a remote, and what is left of it. Real processes and servers."""

from __future__ import annotations

import resource
import shlex
import shutil
import signal
import subprocess
import sys
import threading

import pytest

import registry
from registry.cli import main
from registry.errors import ChainError, MissingError
from registry.identity import pins
from registry.storage import remote
from tests.kit import registries as kit
from tests.kit.servers import S3Server, SSHServer

pytestmark = pytest.mark.slow

SECRET = "hunter22"
# Nobody waits for a server that has gone.
AT_ONCE = "from registry.storage import remote; remote.PAUSES_S = (0, 0)"


@pytest.fixture(autouse=True)
def _nobody(env, monkeypatch):
    """Nor does the process of the tests know anybody's configuration and registry."""
    for name in ("DVC_SYSTEM_CONFIG_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SITE_CACHE_DIR"):
        monkeypatch.setenv(name, env[name])
    for name in ("FIXTURES_OFFLINE", "FIXTURES_REGISTRY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def good(root, server):
    """Bytes of `small_v1`."""
    return served(root, server).read_bytes()


def served(root, server, name="small_v1"):
    """The file that the server sends for a fixture."""
    return kit.object_in(server.folder, pins.find(root, name).md5)


def workspace(root, name="small_v1"):
    """Where a fixture's bytes belong."""
    return root / kit.FOLDER / f"{name}.npz"


def visible(root):
    """Every file that a reader of fixtures or of the cache could come across."""
    return sorted(kit.tree(root, kit.FOLDER, ".dvc/cache"))


def bytes_of(root, name="small_v1"):
    """The bytes behind a loaded fixture, as its arrays' digest has proved them."""
    fixture = registry.load(name, root)
    return fixture.frames.tobytes()


FRAMES = {name: arrays["frames"].tobytes() for name, arrays in kit.FIXTURES.items()}


class TestTheCache:
    """Objects in DVC's cache that are not what they should be."""

    @pytest.fixture
    def cached(self, root):
        """The cached object of `small_v1`, which is in no workspace."""
        registry.load("small_v1", root)
        return kit.cached(root, "small_v1")

    @pytest.mark.parametrize("mode", [0o444, 0o644])
    def test_a_flipped_bit(self, root, server, cached, good, mode):
        """A bit flipped, with size, time and inode kept: found, and replaced from the remote."""
        cached.chmod(mode)
        before = cached.stat()
        kit.flip(cached)
        after = cached.stat()
        for kept in ("st_size", "st_mtime_ns", "st_ino", "st_mode"):
            assert getattr(after, kept) == getattr(before, kept), f"the test changed {kept}"
        assert bytes_of(root) == FRAMES["small_v1"], "the bad bytes were loaded"
        assert cached.read_bytes() == good, "the bad bytes are still in the cache"
        assert server.asked.total() == 2, "not fetched once more"

    @pytest.mark.parametrize("mode", [0o444, 0o644])
    def test_a_flipped_bit_offline(self, root, cached, mode):
        """Offline it is a broken chain, and the bad bytes do not stay for the next reader."""
        cached.chmod(mode)
        kit.flip(cached)
        with pytest.raises(ChainError, match="broken link sidecar -> bytes"):
            registry.load("small_v1", root, offline=True)
        assert not cached.exists(), "the bad bytes are still in the cache"

    def test_a_truncated_object(self, root, cached, good):
        """So is an object that was cut off."""
        cached.chmod(0o644)
        cached.write_bytes(good[:1000])
        assert bytes_of(root) == FRAMES["small_v1"], "the bad bytes were loaded"
        assert cached.read_bytes() == good, "the bad bytes are still in the cache"

    @pytest.mark.parametrize("target", ["right", "wrong"])
    def test_a_planted_link(self, root, cached, good, tmp_path, target):
        """A link in an object's place is not followed, and gives way to the object."""
        aim = tmp_path / "aim"
        aim.write_bytes(good if target == "right" else b"precious")
        before = aim.read_bytes()
        cached.unlink()
        cached.symlink_to(aim)
        assert bytes_of(root) == FRAMES["small_v1"], "something else was loaded"
        assert not cached.is_symlink(), "the link is still there"
        assert cached.read_bytes() == good, "not the object in its place"
        assert aim.read_bytes() == before, "written through the link"

    def test_read_only(self, root, env, good):
        """With a cache on a read-only file system bytes are loaded, and not stored."""
        folder = root / ".dvc" / "cache"
        folder.mkdir()
        script = f"mount -t tmpfs -o ro none {quote(folder)} && exec {load_command('small_v1')}"
        assert in_namespace(script, root, env) == "250000\n", "not loaded"
        assert visible(root) == json_files(), "something was stored"

    def test_the_whole_clone_read_only(self, root, env):
        """So they are when nothing at all can be written in the clone."""
        script = (
            f"mount --bind {quote(root)} {quote(root)} && "
            f"mount -o remount,ro,bind {quote(root)} && "
            f"exec {load_command('small_v1', root)}"
        )
        assert in_namespace(script, root.parent, env) == "250000\n", "not loaded"


def quote(path):
    """A path as a shell reads it."""
    return shlex.quote(str(path))


def json_files():
    """Names of the sidecars, which are always there."""
    return sorted(f"{kit.FOLDER}/{name}.json" for name in kit.FIXTURES)


def load_command(name, root=None):
    """Shell command that loads a fixture and prints its size."""
    place = f", {str(root)!r}" if root else ""
    code = f"import registry; print(registry.load({name!r}{place}).frames.size * 10)"
    return shlex.join([sys.executable, "-c", code])


def in_namespace(script, folder, env):
    """Run a shell script that mounts file systems which nobody else sees; what it printed."""
    prefix = ["unshare", "--mount"]
    if shutil.which("unshare") is None or kit.run([*prefix, "true"], folder, env).returncode:
        prefix = ["unshare", "--user", "--map-root-user", "--mount"]
    probe = f"mount -t tmpfs none {quote(folder)} && true"
    if (
        shutil.which("unshare") is None
        or kit.run([*prefix, "sh", "-c", probe], folder, env).returncode
    ):
        pytest.skip("this user may not mount file systems, not even in a namespace of their own")
    return kit.succeed([*prefix, "sh", "-c", script], folder, env)


class TestTheRemote:
    """Remotes with bad bytes, or none, or that nobody can reach."""

    def test_a_flipped_bit(self, root, server):
        """Bad bytes on the remote break the chain: never a skip, never stored."""
        kit.flip(served(root, server))
        with pytest.raises(ChainError, match=r"object \w+ of fixture@small_v1"):
            registry.load("small_v1", root)
        assert visible(root) == json_files(), "bad bytes were stored"

    def test_a_truncated_object(self, root, server, good, monkeypatch):
        """So do bytes that were cut off."""
        monkeypatch.setattr(remote, "PAUSES_S", (0, 0))
        served(root, server).write_bytes(good[:1000])
        with pytest.raises(ChainError, match="found:    1000 bytes"):
            registry.load("small_v1", root)
        assert visible(root) == json_files(), "half of it was stored"

    def test_a_missing_object(self, root, server):
        """An object that is nowhere is missing; the error says how to push it."""
        served(root, server).unlink()
        with pytest.raises(MissingError, match="dvc push fixture@small_v1") as caught:
            registry.load("small_v1", root)
        assert caught.value.exit_code == 3, "not the exit code of what is missing"

    def test_a_bad_workspace_and_a_bad_remote(self, root, server, good):
        """With no good bytes anywhere, it is the workspace's error that is told."""
        workspace(root).write_bytes(good)
        kit.flip(workspace(root))
        kit.flip(served(root, server))
        with pytest.raises(ChainError, match="broken link sidecar -> bytes"):
            registry.load("small_v1", root)

    @pytest.fixture
    def pull(self, root, monkeypatch, capsys):
        """What `fixtures pull` complains of, which finds bytes missing; no secret is printed."""
        monkeypatch.chdir(root)
        # S3's library and ours try for a while
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        monkeypatch.setattr(remote, "PAUSES_S", (0, 0))

        def run(*names: str) -> str:
            code, (out, err) = main(["pull", *names]), capsys.readouterr()
            assert code == 3, err
            assert SECRET not in out + err, "the secret shows"
            return out + err

        return run

    def test_refused(self, server, pull):
        """A port that nobody listens on."""
        server.stop()
        assert f"remote store ({server.url}) cannot be reached" in pull("small_v1")

    def test_s3_refused(self, root, pull):
        """So with S3."""
        pytest.importorskip("dvc_s3")
        keys = {"access_key_id": "AKIATESTONLY", "secret_access_key": SECRET}
        kit.configure(root, "s3://bucket/a", endpointurl="http://127.0.0.1:1", **keys)
        assert "remote store (s3://bucket/a) cannot be reached" in pull("small_v1")

    @pytest.mark.parametrize("wrong", ["access_key_id", "secret_access_key"])
    def test_s3_wrong_credentials(self, root, pull, tmp_path, wrong):
        """A server that knows other keys denies access, and no key is printed."""
        with S3Server(tmp_path / "s3") as s3:
            settings = {**s3.settings(), wrong: SECRET}
            kit.configure(root, s3.url, **settings)
            said = pull()
        assert said.count("remote store (s3://bucket/registry) denied access") == 1, said
        assert said.count(" of fixture@") == 3, said
        for key in (settings["access_key_id"], settings["secret_access_key"]):
            assert key not in said, "a key shows"

    def test_s3_no_credentials(self, root, pull, tmp_path):
        """Without any keys the error says so."""
        with S3Server(tmp_path / "s3") as s3:
            kit.configure(root, s3.url, endpointurl=s3.endpoint)
            assert "denied access: NoCredentialsError" in pull("small_v1")

    def test_s3_keys_of_the_environment(self, root, server, env, tmp_path):
        """Keys may be in the environment, as in CI."""
        with S3Server(tmp_path / "s3") as s3:
            kit.configure(root, s3.url, endpointurl=s3.endpoint)
            pin = pins.find(root, "small_v1")
            target = kit.object_in(s3.folder / "bucket" / "registry", pin.md5)
            target.parent.mkdir(parents=True)
            shutil.copy(served(root, server), target)
            keys = {"AWS_ACCESS_KEY_ID": s3.KEY, "AWS_SECRET_ACCESS_KEY": s3.SECRET}
            kit.succeed(kit.fixtures("pull", "small_v1"), root, {**env, **keys})
        assert bytes_of(root) == FRAMES["small_v1"], "other bytes"

    def test_s3_no_such_bucket(self, root, pull, tmp_path):
        """A bucket that does not exist has no object."""
        with S3Server(tmp_path / "s3") as s3:
            kit.configure(root, "s3://absent/a", **s3.settings())
            assert "no such object on remote store (s3://absent/a)" in pull("small_v1")

    def test_ssh_wrong_key(self, root, pull, tmp_path):
        """A key that the server does not know."""
        with SSHServer(tmp_path / "ssh") as ssh:
            kit.configure(root, ssh.url, **ssh.settings("other_key"))
            assert "denied access: PermissionError: Permission denied" in pull("small_v1")

    def test_ssh_refused(self, root, pull, tmp_path):
        """A port that nobody listens on any more."""
        with SSHServer(tmp_path / "ssh") as ssh:
            kit.configure(root, ssh.url, **ssh.settings())
        assert "cannot be reached: ConnectionRefusedError" in pull("small_v1")


class TestInTheMiddle:
    """What ends a pull half-way."""

    def test_killed(self, root, server, env, good):
        """Of a killed pull nothing half-written is visible, and the next one succeeds."""
        halfway, go_on = threading.Event(), threading.Event()

        def half(handler, data, number):
            if go_on.is_set():
                return False
            handler.begin(len(data))
            handler.wfile.write(data[: len(data) // 2])
            handler.wfile.flush()
            halfway.set()
            go_on.wait(60)
            return True

        server.fail = half
        process = subprocess.Popen(
            kit.fixtures("pull", "small_v1"), cwd=root, env=env, stdin=subprocess.DEVNULL
        )
        try:
            assert halfway.wait(60), "the transfer never began"
        finally:
            process.kill()
            assert process.wait(60) == -signal.SIGKILL, "ended by itself"
        assert visible(root) == json_files(), "something half-written is visible"
        go_on.set()
        done = kit.run(kit.fixtures("pull", "small_v1"), root, env)
        assert done.returncode == 0, done.stderr
        assert workspace(root).read_bytes() == good, "not the right bytes"
        assert kit.cached(root, "small_v1").read_bytes() == good, "not in the cache"

    def test_interrupted(self, root, server, env):
        """An interrupt does not wait for a server that hangs, and leaves nothing either."""
        asked = threading.Event()

        def hang(handler, data, number):
            handler.begin(len(data))
            asked.set()
            server.stopping.wait(60)
            return True

        server.fail = hang
        process = subprocess.Popen(
            kit.fixtures("pull"),
            cwd=root,
            env=env,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert asked.wait(60), "the transfer never began"
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
        assert (process.returncode, said) == (130, "interrupted\n"), "not that end"
        assert visible(root) == json_files(), "something half-written is visible"
        assert list((root / ".dvc" / "tmp").rglob("*.part")) == [], "a half was left"

    @pytest.mark.parametrize("where", ["transfer", "cache", "workspace"])
    def test_full_disk(self, root, env, good, where):
        """A full disk ends a pull, leaves nothing half-written, and the next pull succeeds."""
        folder = {
            "transfer": root / ".dvc" / "tmp",
            "cache": root / ".dvc" / "cache",
            "workspace": root / kit.FOLDER,
        }[where]
        folder.mkdir(exist_ok=True)
        copy = shutil.copytree(folder, root.parent / "copy")
        pull = shlex.join(kit.fixtures("pull", "small_v1"))
        script = (
            f"mount -t tmpfs -o size=64k none {quote(folder)} && "
            f"cp -r {quote(copy)}/. {quote(folder)} && "
            f"{{ {pull}; echo $? && find {quote(folder)} -type f -size +32k; }} 2>&1"
        )
        printed = in_namespace(script, root, env).splitlines()
        if where != "workspace":
            # neither is needed for what was asked
            assert printed[-2:] == [
                "1 fixture: 0 present, 0 from the cache, 1 from the remote, 0 failed",
                "0",
            ], printed
        else:
            assert printed[-1] == "3", printed
            assert any("No space left on device" in line for line in printed), printed
        done = kit.run(kit.fixtures("pull", "small_v1"), root, env)
        assert done.returncode == 0, done.stderr
        assert workspace(root).read_bytes() == good, "not the right bytes"

    def test_a_write_that_fails_halfway(self, root, env, good):
        """So does a limit on the size of files, which needs no rights to be set."""
        done = subprocess.run(
            kit.fixtures("pull", "small_v1"),
            cwd=root,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=kit.LIMIT_S,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
        )
        assert done.returncode == 3, done.stdout + done.stderr
        assert "File too large; nothing half-written is left" in done.stderr, done.stderr
        assert visible(root) == json_files(), "something half-written is visible"
        assert kit.run(kit.fixtures("pull", "small_v1"), root, env).returncode == 0
        assert workspace(root).read_bytes() == good, "not the right bytes"


class TestTogether:
    """Processes that want the same."""

    def test_two_pulls(self, root, server, env):
        """Two pulls at once: each object is downloaded once, and both succeed."""
        processes = [
            subprocess.Popen(
                kit.fixtures("pull"),
                cwd=root,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        printed = [process.communicate(timeout=kit.LIMIT_S)[0] for process in processes]
        assert [process.returncode for process in processes] == [0, 0], printed
        assert set(server.asked.values()) == {1}, f"downloaded more than once: {server.asked}"
        assert len(server.asked) == 3, "not each object"
        for name in kit.FIXTURES:
            expected = served(root, server, name).read_bytes()
            assert workspace(root, name).read_bytes() == expected, f"other bytes of {name}"

    def test_xdist_workers(self, root, server, env):
        """Four workers on a cold cache: one download, and each gets the arrays."""
        project = root.parent / "project"
        project.mkdir()
        (project / "pytest.ini").write_text("[pytest]\nfixtures_registry = ../registry\n")
        (project / "test_it.py").write_text(
            "import pytest\n"
            "@pytest.mark.parametrize('number', range(16))\n"
            "def test_it(load_fixture, number):\n"
            "    assert load_fixture('small_v1').frames[-1] == 24_999\n"
        )
        env = {**env, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CI": "true"}
        plugins = ["-p", "xdist.plugin", "-p", "fixture_registry.pytest_plugin"]
        command = [sys.executable, "-m", "pytest", *plugins, "-n", "4", "-v"]
        printed = kit.succeed(command, project, env)
        assert "16 passed" in printed, printed
        workers = {line.split()[0] for line in printed.splitlines() if "PASSED" in line}
        assert len(workers) > 2, f"the tests ran in {len(workers)} workers only"
        assert server.asked.total() == 1, "downloaded more than once"


class TestSecrets:
    """Credentials in a remote's URL, which never show."""

    @pytest.fixture
    def secret(self, root, server):
        """A registry whose remote's URL holds a password; the server is gone."""
        server.stop()
        kit.configure(root, server.url.replace("//", f"//me:{SECRET}@"))
        return root

    def test_in_a_command(self, secret, env):
        """Not in what a command prints, even in Python's development mode."""
        code = f"import sys; {AT_ONCE}; from registry.cli import main; sys.exit(main(['pull']))"
        command = [sys.executable, "-X", "dev", "-c", code]
        done = kit.run(command, secret, env)
        assert done.returncode == 3, done.stderr
        assert "remote store (http://***@127.0.0.1:" in done.stderr, done.stderr
        assert SECRET not in done.stdout + done.stderr, "the secret shows"

    def test_in_a_traceback(self, secret, env):
        """Not in an uncaught error's traceback, with the errors that led to it."""
        code = f"import registry; {AT_ONCE}; registry.load('small_v1')"
        done = kit.run([sys.executable, "-c", code], secret, env)
        assert done.returncode == 1, done.stderr
        assert "AbsentBytesError" in done.stderr, done.stderr
        assert SECRET not in done.stderr, "the secret shows"

    def test_in_a_failed_test(self, secret, env):
        """Not in pytest's report on a failed test, with all local variables and full tracebacks."""
        project = secret.parent / "project"
        project.mkdir()
        (project / "test_it.py").write_text(
            f"import registry\n{AT_ONCE}\n"
            "def test_it():\n    registry.load('small_v1', '../registry')\n"
        )
        env = {**env, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        options = ["--showlocals", "--full-trace", "--tb=long", "-vv", "-rA", "--log-level=DEBUG"]
        done = kit.run([sys.executable, "-m", "pytest", *options], project, env)
        assert "1 failed" in done.stdout, done.stdout
        assert "registry/loading.py" in done.stdout, "no traceback was shown"
        assert SECRET not in done.stdout + done.stderr, "the secret shows"

    def test_through_the_command_of_dvc(self, secret, env, monkeypatch):
        """Not in what DVC's own command says, when that is passed on."""
        monkeypatch.delattr("dvc.fs.get_cloud_fs")
        # a setting that is left to DVC, as its own
        (secret / ".dvc" / "config.local").write_text("['remote \"store\"']\nread_timeout = 30\n")
        with pytest.raises(MissingError) as caught:
            registry.load("small_v1", secret)
        assert "DVC" in caught.value.found or "ERROR" in caught.value.found, caught.value
        assert SECRET not in str(caught.value), "the secret shows"


# Of bytes and sidecar, by one process.
IMPORT = f"""
import sys
from dvc.cli import main
origin, name = sys.argv[1:]
assert main(["init", "--quiet"]) == 0
for suffix in (".npz", ".json"):
    assert main(["import", "--quiet", origin, "{kit.FOLDER}/" + name + suffix]) == 0
"""


NAME = "minimal_dataset_v1_n16"


@pytest.fixture(scope="module")
def pushed(built_clone, tmp_path_factory):
    """A folder with an author's clone, and the directory that it has been pushed to."""
    folder = tmp_path_factory.mktemp("pushed")
    env = kit.environment(folder)
    origin = shutil.copytree(built_clone.path, folder / "origin", symlinks=True)
    kit.configure(origin, "../../store")
    kit.succeed(kit.dvc("push", f"fixture@{NAME}"), origin, env)
    kit.succeed(["git", "commit", "--quiet", "--all", "--message", "remote"], origin, env)
    return folder


class TestPublicCommand:
    """DVC's own command in place of its internals, in this very registry."""

    @pytest.fixture
    def clone(self, pushed, tmp_path, env):
        """A fresh clone of it, beside the same directory."""
        shutil.copytree(pushed / "store", tmp_path / "store")
        kit.succeed(["git", "clone", "--quiet", pushed / "origin", "clone"], tmp_path, env)
        return tmp_path / "clone"

    @pytest.mark.parametrize(
        "moved", ["dvc.fs.get_cloud_fs", "dvc_objects.fs.local.LocalFileSystem.get_file"]
    )
    def test_internals_that_have_moved(self, clone, monkeypatch, moved):
        """Where DVC's internals are no longer there, its command fetches the same bytes."""

        def other(*_):
            raise AttributeError("moved")

        monkeypatch.setattr(moved, other)
        # a setting that is left to DVC, as its own
        (clone / ".dvc" / "config.local").write_text("['remote \"store\"']\njobs = 1\n")
        fixture = registry.load(NAME, clone)
        assert fixture.diffraction.shape == (16, 64, 64), "another fixture"
        assert kit.cached(clone, NAME).exists(), "DVC has not fetched it"

    def test_an_import(self, pushed, tmp_path, env):
        """What `dvc import` brought into another repository is pulled there as well."""
        project = tmp_path / "project"
        project.mkdir()
        kit.succeed(["git", "init", "--quiet"], project, env)
        kit.succeed([sys.executable, "-c", IMPORT, pushed / "origin", NAME], project, env)
        imported = [project / f"{NAME}{suffix}" for suffix in (".npz", ".json")]
        before = [path.read_bytes() for path in imported]
        for path in imported:
            path.unlink()
        shutil.rmtree(project / ".dvc" / "cache")
        done = kit.run(kit.fixtures("pull"), project, env)
        assert done.returncode == 0, done.stdout + done.stderr
        assert [path.read_bytes() for path in imported] == before, "not the imported bytes"
        assert done.stdout.startswith(f"pulled   {NAME}  ("), done.stdout
