"""Tests of `registry.storage.remote`.

Against an HTTP server that counts, and fails as it is told to.
"""

from __future__ import annotations

import errno
import io
import logging
import multiprocessing
import re
import socket
import stat
import sys
import threading
import time
import traceback
import warnings
from contextlib import nullcontext

import filelock
import pytest

from registry import files, loading
from registry.errors import AbsentBytesError, ChainError, LockedError, MissingError
from registry.identity import pins
from registry.storage import cache, patience, plain_remote, remote, transfer
from tests.kit import registries as kit
from tests.kit.servers import ObjectServer


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    """Shorter pauses than with servers that are far away."""
    monkeypatch.setattr(remote, "PAUSES_S", (0.01, 0.01))
    for level in ("SYSTEM", "GLOBAL"):
        monkeypatch.setenv(f"DVC_{level}_CONFIG_DIR", str(tmp_path / "no-configuration"))


@pytest.fixture
def server(tmp_path):
    """HTTP server of a remote's objects."""
    with ObjectServer(tmp_path / "served") as server:
        yield server


@pytest.fixture
def root(tmp_path, server):
    """Top folder of a registry; the bytes of its fixtures are on the server."""
    return kit.on_a_server(tmp_path / "registry", server)


def wanted(root, name="small_v1"):
    """What the store asks the remote for."""
    pin = pins.find(root, name)
    return transfer.Wanted(md5=pin.md5, size=pin.size, target=pin.targets)


def served(server, item):
    """The file that the server sends for an object."""
    return kit.object_in(server.folder, item.md5)


def fetch(root, *items):
    """What arrives for each object, in the order asked for."""
    found = {}
    remote.fetch(root, items, lambda item, outcome: found.setdefault(item, outcome))
    assert found.keys() == set(items), "not each object was handed over"
    return [found[item] for item in items]


def failure(root, *items, kind=AbsentBytesError):
    """The error that arrives for the only object."""
    (found,) = fetch(root, *(items or [wanted(root)]))
    assert type(found) is kind, f"not a {kind.__name__}: {found!r}"
    return found


def leftovers(root):
    """Unfinished transfers that were left lying about."""
    return [path.name for path in (root / ".dvc").rglob("*") if path.suffix in (".part", ".tmp")]


class TestFetching:
    """Objects that are on the remote."""

    def test_bytes_arrive(self, root, server):
        """An object's bytes are handed over as they are on the remote."""
        item = wanted(root)
        expected = served(server, item).read_bytes()
        assert fetch(root, item) == [expected], "other bytes arrived than the server has"

    def test_they_are_cached_as_dvc_caches_them(self, root, server):
        """The object lies in DVC's cache afterwards, read-only, and nothing else is left."""
        item = wanted(root)
        fetch(root, item)
        path = kit.object_in(root / ".dvc" / "cache", item.md5)
        assert path.read_bytes() == served(server, item).read_bytes(), "the cache has other bytes"
        assert stat.S_IMODE(path.stat().st_mode) == 0o444, "not the mode that DVC gives its objects"
        assert leftovers(root) == [], "unfinished transfers were left"

    def test_one_request_for_each(self, root, server):
        """Each object is asked for once, by DVC's address, and nothing else is asked for."""
        items = [wanted(root, name) for name in kit.FIXTURES]
        fetch(root, *items)
        expected = {f"/files/md5/{item.md5[:2]}/{item.md5[2:]}": 1 for item in items}
        assert server.asked == expected, "not one request for each object"

    def test_several_at_a_time(self, root, server):
        """Objects are fetched in parallel."""
        together = threading.Barrier(len(kit.FIXTURES))

        def wait_for_the_others(handler, data, number):
            together.wait(timeout=5)
            return False

        server.fail = wait_for_the_others
        found = fetch(root, *(wanted(root, name) for name in kit.FIXTURES))
        assert [type(outcome) for outcome in found] == [bytes] * 3, "one waited for another's end"

    def test_what_is_cached_is_not_asked_for(self, root, server):
        """An object that another process has stored meanwhile is taken from the cache."""
        item = wanted(root)
        (first,) = fetch(root, item)
        assert fetch(root, item) == [first], "other bytes the second time"
        assert server.asked.total() == 1, "downloaded again"

    def test_a_bad_object_in_the_cache_is_replaced(self, root, server):
        """Bytes in the cache that are not what their name says are fetched anew."""
        item = wanted(root)
        (good,) = fetch(root, item)
        path = kit.object_in(root / ".dvc" / "cache", item.md5)
        kit.flip(path)
        assert fetch(root, item) == [good], "the bad bytes were handed over"
        assert path.read_bytes() == good, "the bad bytes are still in the cache"

    def test_by_a_file_system_of_dvc_s(self, root, server):
        """So are bytes of a remote that is configured as only DVC knows."""
        kit.configure(root, server.url, connect_timeout=5)
        item = wanted(root)
        assert fetch(root, item) == [served(server, item).read_bytes()]
        assert leftovers(root) == [], "unfinished transfers were left"

    def test_a_relative_directory(self, root, server, tmp_path, monkeypatch):
        """A relative URL is relative to the configuration file that it is in, as in DVC."""
        kit.configure(root, "../../served")
        monkeypatch.chdir(tmp_path)
        item = wanted(root)
        assert fetch(root, item) == [served(server, item).read_bytes()], "not found there"
        assert server.asked.total() == 0, "asked the server"

    def test_a_directory_with_too_many_bytes(self, root, server, monkeypatch):
        """What is larger than the object is not read at all."""
        kit.configure(root, "../../served")
        served(server, wanted(root)).write_bytes(bytes(wanted(root).size + 1))
        read, real = [], files.read
        monkeypatch.setattr(
            files, "read", lambda path, **how: read.append(path) or real(path, **how)
        )
        error = failure(root, kind=ChainError)
        assert error.found == f"more than {wanted(root).size} bytes", error.found
        assert served(server, wanted(root)) not in read, "it was read"

    def test_the_clones_own_configuration_counts(self, root, server):
        """`.dvc/config.local`, where DVC keeps what is not for git, overrides the rest."""
        kit.configure(root, "http://127.0.0.1:1")
        (root / ".dvc" / "config.local").write_text(f"['remote \"store\"']\nurl = {server.url}\n")
        (found,) = fetch(root, wanted(root))
        assert isinstance(found, bytes), f"the other URL was used: {found}"

    def test_dvc_in_a_folder_above(self, root, server, tmp_path):
        """A registry below the top of its DVC repository uses that one's remote and cache."""
        below = tmp_path / "repository" / "registry"
        below.parent.mkdir()
        root.rename(below)
        (below / ".dvc").rename(tmp_path / "repository" / ".dvc")
        item = wanted(below)
        (found,) = fetch(below, item)
        assert isinstance(found, bytes), f"no remote found: {found}"
        path = kit.object_in(tmp_path / "repository" / ".dvc" / "cache", item.md5)
        assert path.read_bytes() == found, "not stored in the repository's cache"
        assert not (below / ".dvc").exists(), "a second .dvc folder came into being"

    def test_a_receiver_that_fails(self, root):
        """An error of who receives the bytes ends the whole, and is the caller's."""

        def receive(item, outcome):
            raise ZeroDivisionError(item.md5)

        items = [wanted(root, name) for name in kit.FIXTURES]
        with pytest.raises(ZeroDivisionError):
            remote.fetch(root, items, receive)
        assert leftovers(root) == [], "unfinished transfers were left"

    def test_the_first_remote_that_has_it(self, root, server, monkeypatch):
        """Those after it are not asked; where none has it, what the first one said is told."""
        here = remote.open_stores(root, remote.Redaction(root))
        gone = [
            AbsentBytesError("x", expected="a", found=found, remedy="b") for found in ("1", "2")
        ]
        item = wanted(root)
        for stores in ([*here, *gone], [*gone, *here]):
            monkeypatch.setattr(remote, "open_stores", lambda *_, stores=stores: stores)
            cache.discard(root, item.md5)
            (found,) = fetch(root, item)
            assert isinstance(found, bytes), found
        monkeypatch.setattr(remote, "open_stores", lambda *_: gone)
        cache.discard(root, item.md5)
        assert failure(root).found == "1"

    def test_nothing_is_wanted(self, root, server):
        """Who wants nothing gets nothing, and nobody is asked."""
        assert fetch(root) == [], "something out of nothing"
        assert server.asked.total() == 0, "asked the server"

    def test_a_read_only_cache(self, root, monkeypatch):
        """Bytes that cannot be stored are handed over all the same."""

        def put(*_):
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(cache, "put", put)
        (found,) = fetch(root, wanted(root))
        assert isinstance(found, bytes), f"an error instead of the bytes: {found}"

    def test_the_whole_dvc_folder_read_only(self, root, monkeypatch):
        """Locks and transfers go elsewhere where `.dvc` cannot be written."""
        monkeypatch.setattr(remote.os, "access", lambda *_: False)
        (found,) = fetch(root, wanted(root))
        assert isinstance(found, bytes), f"an error instead of the bytes: {found}"
        left = list((root / ".dvc" / "tmp" / "fixtures").iterdir())
        assert left == [], "something was written there"

    def test_what_a_killed_process_left_goes(self, root):
        """The unfinished transfer of a process that was killed is removed by the next one."""
        folder = root / ".dvc" / "tmp" / "fixtures"
        folder.mkdir(parents=True)
        (folder / f"{wanted(root).md5}.0123456789abcdef.part").write_bytes(b"half")
        fetch(root, wanted(root))
        assert leftovers(root) == [], "the half is still there"

    def test_an_interrupt_while_a_transfer_is_open(self, root, monkeypatch):
        """It is an interrupt, also on Windows, where what is open is not taken away."""
        part = root / ".dvc" / "tmp" / "fixtures" / "0.token.part"

        def interrupt(_: object) -> None:
            part.touch()
            raise KeyboardInterrupt

        def refuse(path, **_: object) -> None:
            raise PermissionError(errno.EACCES, "used by another process", str(path))

        monkeypatch.setattr(remote.secrets, "token_hex", lambda _: "token")
        monkeypatch.setattr(remote.patience, "join", interrupt)
        monkeypatch.setattr(type(part), "unlink", refuse)
        with pytest.raises(KeyboardInterrupt):
            fetch(root, wanted(root))
        assert part.exists(), "it was not tried"


class TestWrongBytes:
    """The remote answers, with bytes that are not the object's."""

    def test_a_flipped_bit(self, root, server):
        """Other bytes of the same size are refused; the error names object, remote and remedy."""
        item = wanted(root)
        kit.flip(served(server, item))
        error = failure(root, item, kind=ChainError)
        assert item.md5 in error.subject, "the object is not named"
        assert f"remote store ({server.url})" in error.expected, "the remote is not named"
        assert "dvc push fixture@small_v1" in error.remedy, "no remedy"
        assert server.asked.total() == 1, "asked again for what can only be as bad"

    @pytest.mark.parametrize("size", [0, 1000])
    def test_a_truncated_object(self, root, server, size):
        """Fewer bytes are asked for anew, in case they were cut off on the way, then refused."""
        item = wanted(root)
        path = served(server, item)
        path.write_bytes(path.read_bytes()[:size])
        error = failure(root, item, kind=ChainError)
        assert error.found.startswith(f"{size} bytes"), "not what was found"
        assert server.asked.total() == 3, "not three attempts"

    def test_too_many_bytes(self, root, server):
        """More bytes than the object has are not read to their end."""
        item = wanted(root)
        path = served(server, item)
        path.write_bytes(path.read_bytes() + b"x")
        error = failure(root, item, kind=ChainError)
        assert error.found == f"more than {item.size} bytes", "not what was found"

    def test_an_endless_answer(self, root, server):
        """A server that never stops sending is left as soon as it has sent too much."""
        sent = threading.Event()

        def endless(handler, data, number):
            handler.begin(1 << 40)
            while not server.stopping.is_set():
                handler.wfile.write(b"x" * (1 << 20))
            sent.set()
            return True

        server.fail = endless
        error = failure(root, kind=ChainError)
        assert "more than" in error.found, "not what was found"

    @pytest.mark.parametrize("spoil", ["flip", "truncate", "add"])
    def test_they_are_not_stored(self, root, server, spoil):
        """Nothing of wrong bytes stays behind."""
        path = served(server, wanted(root))
        if spoil == "flip":
            kit.flip(path)
        else:
            path.write_bytes(path.read_bytes()[:-1] if spoil == "truncate" else b"x" * (1 << 20))
        failure(root, kind=ChainError)
        assert cache.read(root, wanted(root).md5) is None, "wrong bytes are in the cache"
        assert leftovers(root) == [], "an unfinished transfer was left"

    def test_others_are_fetched(self, root, server):
        """One bad object keeps nobody from the others."""
        items = [wanted(root, name) for name in kit.FIXTURES]
        kit.flip(served(server, items[1]))
        found = [type(outcome) for outcome in fetch(root, *items)]
        assert found == [bytes, ChainError, bytes], "the bad one took others with it"


class TestTransientErrors:
    """What may pass."""

    def test_a_cut_connection(self, root, server):
        """A transfer that breaks off is begun anew."""

        def cut_twice(handler, data, number):
            if number > 2:
                return False
            handler.begin(len(data))
            handler.wfile.write(data[: len(data) // 2])
            handler.wfile.flush()
            handler.connection.close()
            return True

        server.fail = cut_twice
        (found,) = fetch(root, wanted(root))
        assert isinstance(found, bytes), f"given up: {found}"
        assert server.asked.total() == 3, "not three attempts"

    def test_three_attempts_are_all(self, root, server):
        """A transfer that always breaks off is given up."""

        def always_cut(handler, data, number):
            handler.begin(len(data))
            handler.wfile.write(data[:1000])
            handler.wfile.flush()
            handler.connection.close()
            return True

        server.fail = always_cut
        error = failure(root)
        assert "cannot be reached" in error.found, "not what was found"
        assert server.asked.total() == 3, "not three attempts"

    def test_pauses_between(self, root, server, monkeypatch):
        """Attempts are not made in a row, but with pauses that grow."""
        path = served(server, wanted(root))
        path.write_bytes(path.read_bytes()[:-1])
        waited = []
        real = threading.Event.wait

        def wait(event, timeout=None):
            if timeout in (0.125, 0.25):
                waited.append(timeout)
                return False
            return real(event, timeout)

        monkeypatch.setattr(remote, "PAUSES_S", (0.125, 0.25))
        monkeypatch.setattr(threading.Event, "wait", wait)
        failure(root, kind=ChainError)
        assert waited == [0.125, 0.25], "not the pauses that are set"


class TestNoWay:
    """The remote cannot be reached, or denies access."""

    def test_no_such_object(self, root, server):
        """An object that was never pushed: the error says how to push it."""
        served(server, wanted(root)).unlink()
        error = failure(root)
        assert error.exit_code == 3, "not the exit code of what is missing"
        assert error.found == f"no such object on remote store ({server.url})", "not what was found"
        assert error.remedy == "dvc push fixture@small_v1, in a clone that has it", "no remedy"

    def test_no_such_directory(self, root, tmp_path):
        """A directory that is not on this machine is told from an object that is not in it."""
        kit.configure(root, "../../nowhere")
        error = failure(root)
        assert error.found.endswith("nowhere) is a folder that does not exist here"), error.found
        assert "dvc remote modify --local store url" in error.remedy, "nothing for who cannot push"

    def test_refused(self, root, server):
        """A refused connection is an error with the remote's name and the reason."""
        server.stop()
        error = failure(root)
        assert error.exit_code == 3, "not the exit code of what is unreachable"
        assert f"remote store ({server.url}) cannot be reached" in error.found, error.found
        assert error.found.endswith("cannot be reached: ConnectionError: Connection refused")
        assert error.remedy.endswith("try again: dvc pull fixture@small_v1"), error.remedy

    @pytest.mark.parametrize("status", [401, 403])
    def test_denied(self, root, server, status):
        """An answer that denies access is not asked for again."""

        def deny(handler, data, number):
            handler.send_error(status)
            return True

        server.fail = deny
        error = failure(root)
        assert f"remote store ({server.url}) denied access" in error.found, error.found
        assert "dvc remote modify --local store" in error.remedy, error.remedy
        assert server.asked.total() == 1, "asked again"

    def test_a_server_that_never_answers(self, root, server, monkeypatch):
        """A connection on which nothing comes is given up after a while, and not tried again."""
        monkeypatch.setattr(patience, "PATIENCE_S", 0.5)

        def hang(handler, data, number):
            server.stopping.wait(60)
            return True

        server.fail = hang
        error = failure(root)
        expected = f"cannot be reached: 0 of {wanted(root).size} bytes, then too little to go on"
        assert expected in error.found, error.found
        assert leftovers(root) == [], "an unfinished transfer was left"

    def test_a_server_that_stops_in_the_middle(self, root, server, monkeypatch):
        """So is a transfer that stands still."""
        monkeypatch.setattr(patience, "PATIENCE_S", 1)

        def stop(handler, data, number):
            handler.begin(len(data))
            handler.wfile.write(data[:50_000])
            handler.wfile.flush()
            server.stopping.wait(60)
            return True

        server.fail = stop
        error = failure(root)
        expected = f"50000 of {wanted(root).size} bytes, then too little to go on"
        assert expected in error.found, error.found
        assert cache.read(root, wanted(root).md5) is None, "half of it is in the cache"

    def test_a_server_that_sends_next_to_nothing(self, root, server, monkeypatch):
        """A transfer that never stands still, and never ends either, is given up as well."""
        monkeypatch.setattr(patience, "SLOW_BYTES", 1_000_000)
        monkeypatch.setattr(patience, "PATIENCE_S", 1)

        def drip(handler, data, number):
            handler.begin(len(data))
            while not server.stopping.wait(0.05):
                handler.wfile.write(b"x")
                handler.wfile.flush()
            return True

        server.fail = drip
        error = failure(root)
        assert re.search(rf"\d+ of {wanted(root).size} bytes, then too little", error.found)
        assert server.asked.total() == 1, "asked again"
        assert leftovers(root) == [], "an unfinished transfer was left"

    @pytest.mark.parametrize(
        ("url", "settings"),
        [
            ("http://HOST/a", {}),
            ("s3://b/a", {"endpointurl": "http://HOST", "access_key_id": "a",
                          "secret_access_key": "b"}),
            ("ssh://HOST/a", {"user": "me", "password": "a"}),
        ],
    )  # fmt: skip
    def test_a_silent_server_of_any_kind(self, root, monkeypatch, url, settings):
        """Who accepts connections and says nothing is given up, with whatever protocol."""
        pytest.importorskip(f"dvc_{url.partition(':')[0]}")
        monkeypatch.setattr(patience, "PATIENCE_S", 0.5)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            host = f"127.0.0.1:{silent.getsockname()[1]}"
            settings = {key: text.replace("HOST", host) for key, text in settings.items()}
            kit.configure(root, url.replace("HOST", host), **settings)
            begun = time.monotonic()
            error = failure(root)
        assert "cannot be reached" in error.found, error.found
        assert time.monotonic() - begun < 20, "waited for too long"

    def test_a_limit_of_the_users(self, root, server):
        """A time-out in DVC's configuration goes before ours."""

        def hang(handler, data, number):
            server.stopping.wait(60)
            return True

        server.fail = hang
        kit.configure(root, server.url, read_timeout=1)
        begun = time.monotonic()
        assert "then too little to go on" in failure(root).found, "not given up for its silence"
        assert time.monotonic() - begun < 20, "the configuration was not heeded"

    def test_a_slow_server(self, root, server, monkeypatch):
        """A transfer that goes on, however slowly, may take longer than the patience for none."""
        monkeypatch.setattr(patience, "SLOW_BYTES", 1000)
        monkeypatch.setattr(patience, "PATIENCE_S", 2)

        def drip(handler, data, number):
            handler.begin(len(data))
            for start in range(0, len(data), 10_000):
                handler.wfile.write(data[start : start + 10_000])
                handler.wfile.flush()
                time.sleep(0.25)
            return True

        server.fail = drip
        (found,) = fetch(root, wanted(root))
        assert isinstance(found, bytes), f"given up: {found}"

    def test_no_space(self, root, monkeypatch):
        """A full disk is told as such, and not blamed on the remote."""
        from dvc_ssh import SSHFileSystem

        def get_file(*_, **__):
            raise OSError(errno.ENOSPC, "No space left on device")

        kit.configure(root, "ssh://127.0.0.1:1/a")
        monkeypatch.setattr(SSHFileSystem, "fs", None)
        monkeypatch.setattr(SSHFileSystem, "get_file", get_file)
        error = failure(root)
        assert error.found == "No space left on device below .dvc", error.found
        assert "free some space" in error.remedy, error.remedy

    def test_no_default_remote(self, root):
        """Without a remote in DVC's configuration, the error says how to add one."""
        (root / ".dvc" / "config").write_text("[core]\nanalytics = false\n")
        error = failure(root)
        assert error.remedy == "dvc remote add --default NAME URL", error.remedy

    def test_a_remote_that_is_not_configured(self, root):
        """A default remote that does not exist is told by DVC's own words."""
        (root / ".dvc" / "config").write_text("[core]\nremote = absent\n")
        error = failure(root, kind=MissingError)
        assert "remote 'absent' doesn't exist" in error.found, error.found

    def test_no_dvc_folder(self, root):
        """Where DVC was never set up, no folder of its own comes into being."""
        (root / ".dvc").rename(root / "dvc-no-more")
        failure(root)
        assert not (root / ".dvc").exists(), "a .dvc folder came into being"

    @pytest.mark.parametrize(
        ("url", "module", "remedy"),
        [
            ("s3://bucket/a", "dvc_s3", "pip install 'fixture-registry[s3]'"),
            ("ssh://host/a", "dvc_ssh", "pip install 'fixture-registry[ssh]'"),
            ("gs://bucket/a", "dvc_gs", "pip install 'dvc[gs]'"),
        ],
    )
    def test_a_package_that_is_not_installed(self, root, monkeypatch, url, module, remedy):
        """A kind of remote that needs another package: the error says which to install."""
        kit.configure(root, url)
        monkeypatch.setitem(sys.modules, module, None)
        error = failure(root, kind=MissingError)
        assert error.exit_code == 3, "not the exit code of what is missing"
        assert error.remedy == remedy, error.remedy

    def test_a_package_that_lacks_another(self, root, monkeypatch):
        """So it is where DVC's part is there and what that one needs is not."""
        from dvc_s3 import S3FileSystem

        kit.configure(root, "s3://bucket/a")
        monkeypatch.setattr(S3FileSystem, "REQUIRES", {"absent": "absent_package"})
        error = failure(root, kind=MissingError)
        assert error.remedy == "pip install 'fixture-registry[s3]'", error.remedy


@pytest.mark.parametrize(("pieces", "times"), [(0, 1), (1, 2), (9, 10)])
def test_how_long_a_transfer_may_take(pieces, times):
    """So long for nothing, and as long again for each piece that a slow server needs it for."""
    found = remote._limit_s(pieces * patience.SLOW_BYTES)
    assert found == times * patience.PATIENCE_S


class TestManyProcesses:
    """Several processes, one cache."""

    def test_one_download(self, root, server):
        """Of processes that start together one downloads, and all get the bytes."""
        context = multiprocessing.get_context("spawn")
        with context.Pool(4) as pool:
            sizes = pool.map(_fetch_in_a_process, [root] * 4, chunksize=1)
        assert sizes == [wanted(root).size] * 4, "not all got the bytes"
        assert server.asked.total() == 1, "downloaded more than once"

    def test_a_lock_that_is_never_released(self, root, monkeypatch):
        """Who waits too long for another process ends with the exit code for that."""
        monkeypatch.setattr(remote, "LOCK_S", 0.3)
        folder = root / ".dvc" / "tmp" / "fixtures"
        folder.mkdir(parents=True)
        with filelock.FileLock(folder / f"{wanted(root).md5}.lock"):
            error = failure(root, kind=LockedError)
        assert error.exit_code == 4, "not the exit code of what is locked"

    def test_a_file_system_without_locks(self, root, monkeypatch):
        """Where files cannot be locked, bytes are fetched all the same."""

        def acquire(*_, **__):
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
        (found,) = fetch(root, wanted(root))
        assert isinstance(found, bytes), f"an error instead of the bytes: {found}"


def _fetch_in_a_process(root):
    found = []
    remote.fetch(root, [wanted(root)], lambda _, outcome: found.append(outcome))
    return len(found[0])


class TestCommand:
    """DVC's public command, where its internals cannot be used."""

    @pytest.fixture
    def root(self, root):
        """A registry whose remote takes DVC to read."""
        kit.configure(root, "ssh://127.0.0.1:1/a")
        return root

    @pytest.fixture
    def command(self, monkeypatch, root, server):
        """The calls of the command, whose place a function takes that does what it would."""
        calls = []

        class Done:
            stdout = "1 file fetched"
            returncode = 0

        def run(arguments, **options):
            calls.append((arguments[1:], options["cwd"]))
            for name in kit.FIXTURES:
                item = wanted(root, name)
                cache.put(root, item.md5, served(server, item).read_bytes())
            return Done

        monkeypatch.setattr(remote.subprocess, "run", run)
        return calls

    @pytest.mark.parametrize(
        ("module", "name"), [("dvc.fs", "get_cloud_fs"), ("dvc.config", "Config")]
    )
    def test_a_name_that_is_no_more(self, root, command, monkeypatch, module, name):
        """A name that DVC no longer has: `dvc fetch` is run instead."""
        monkeypatch.delattr(f"{module}.{name}")
        (found,) = fetch(root, wanted(root))
        assert command == [(["-P", "-m", "dvc", "fetch", "fixture@small_v1"], root)], (
            "not that command"
        )
        assert isinstance(found, bytes), f"its bytes were not handed over: {found}"

    def test_a_method_that_takes_other_arguments(self, root, command, monkeypatch):
        """So it is when a file system is used in another way, found out at the first transfer."""
        from dvc_ssh import SSHFileSystem

        monkeypatch.setattr(SSHFileSystem, "fs", None)
        monkeypatch.setattr(SSHFileSystem, "get_file", lambda self, paths: None)
        items = [wanted(root, name) for name in kit.FIXTURES]
        assert all(isinstance(found, bytes) for found in fetch(root, *items)), "not all arrived"
        ((arguments, _),) = command
        assert sorted(arguments[4:]) == [
            "fixture@other_v1",
            "fixture@small_v1",
            "fixture@third_v1",
        ], "not one command for all"

    @pytest.mark.parametrize("setting", ["worktree", "version_aware"])
    def test_a_remote_without_objects(self, root, command, setting):
        """A remote that keeps versions of files has no objects; the command can read it."""
        kit.configure(root, "s3://bucket/a", **{setting: "true"})
        fetch(root, wanted(root))
        assert len(command) == 1, "the command was not run"

    def test_bad_bytes_in_the_cache_go_first(self, root, command, monkeypatch):
        """DVC believes what is in its cache: wrong bytes are taken away before it runs."""
        item = wanted(root)
        cache.put(root, item.md5, b"wrong")
        monkeypatch.delattr("dvc.fs.get_cloud_fs")
        (found,) = fetch(root, item)
        assert isinstance(found, bytes), f"the wrong bytes stayed: {found}"

    def test_wrong_bytes_from_it(self, root, command, server, monkeypatch):
        """What the command brings is verified as well, and wrong bytes do not stay."""
        item = wanted(root)
        kit.flip(served(server, item))
        monkeypatch.delattr("dvc.fs.get_cloud_fs")
        failure(root, item, kind=ChainError)
        assert cache.read(root, item.md5) is None, "wrong bytes are in the cache"

    def test_it_fails(self, root, monkeypatch):
        """What the command says is passed on, without secrets."""

        class Done:
            stdout = "ERROR: no route to https://me:hunter22@host/a\n"
            returncode = 255

        monkeypatch.setattr(remote.subprocess, "run", lambda *_, **__: Done)
        monkeypatch.delattr("dvc.fs.get_cloud_fs")
        error = failure(root)
        assert error.found == "ERROR: no route to https://***@host/a", error.found

    def test_a_file_that_would_pass_for_dvc(self, root, monkeypatch):
        """A file `dvc.py` in the registry, which may be a stranger's, is not run."""
        (root / "dvc.py").write_text("open('ran', 'w')")
        monkeypatch.delattr("dvc.fs.get_cloud_fs")
        failure(root)
        assert not (root / "ran").exists(), "it was run"

    def test_another_dvc_is_at_work(self, root, monkeypatch):
        """DVC does not wait for another DVC in the same repository; the exit code says so."""

        class Done:
            stdout = "ERROR: Unable to acquire lock. Most likely another DVC process is running"
            returncode = 255

        monkeypatch.setattr(remote.subprocess, "run", lambda *_, **__: Done)
        monkeypatch.delattr("dvc.fs.get_cloud_fs")
        failure(root, kind=LockedError)

    def test_it_never_ends(self, root, monkeypatch):
        """A command that does not end is ended."""

        def run(arguments, timeout, **_):
            raise remote.subprocess.TimeoutExpired(arguments, timeout)

        monkeypatch.setattr(remote.subprocess, "run", run)
        monkeypatch.delattr("dvc.fs.get_cloud_fs")
        assert failure(root).found.startswith("no end after"), "not what was found"


class TestSecrets:
    """Credentials, which must not show."""

    SECRETS = ("hunter22", "s3cr3t-access", "per%2Fcent", "per/cent")

    @pytest.mark.parametrize(
        ("url", "settings"),
        [
            ("http://me:hunter22@127.0.0.1:1/a", {}),
            ("https://hunter22@127.0.0.1:1/a", {}),
            ("http://me:per%2Fcent@127.0.0.1:1/a", {}),
            ("http://127.0.0.1:1/a?signature=hunter22", {}),
            ("http://127.0.0.1:1/a", {"auth": "basic", "user": "me", "password": "hunter22"}),
            (
                "s3://bucket/a",
                {
                    "endpointurl": "http://hunter22:s3cr3t-access@127.0.0.1:1",
                    "access_key_id": "hunter22",
                    "secret_access_key": "s3cr3t-access",
                },
            ),
            ("ssh://me:hunter22@127.0.0.1:1/a", {}),
            # not a setting of DVC's, which quotes its value
            ("http://127.0.0.1:1/a", {"jobs": "hunter22", "password": "hunter22"}),
        ],
    )
    def test_not_in_an_error(self, root, url, settings):
        """No error shows a password, a token or a key of the configuration."""
        if url.startswith("s3"):
            pytest.importorskip("dvc_s3")
        if url.startswith("ssh"):
            pytest.importorskip("dvc_ssh")
        kit.configure(root, url, **settings)
        # DVC opens no remote for a setting that it does not know
        kind = MissingError if "jobs" in settings else AbsentBytesError
        text = str(failure(root, kind=kind))
        assert [secret for secret in self.SECRETS if secret in text] == [], text

    def test_not_in_what_a_library_says(self, root, monkeypatch):
        """An error of a library that quotes a URL or a key is told without."""
        from dvc_ssh import SSHFileSystem

        def get_file(*_, **__):
            raise OSError("no route to ssh://me:hunter22@host/a with key hunter22")

        kit.configure(root, "ssh://me:hunter22@127.0.0.1:1/a")
        monkeypatch.setattr(SSHFileSystem, "fs", None)
        monkeypatch.setattr(SSHFileSystem, "get_file", get_file)
        expected = "OSError: no route to ssh://***@host/a with key ***"
        assert failure(root).found.endswith(expected), "not that text"

    def test_not_in_local_variables(self, root):
        """No frame of a traceback has a local variable that shows one."""
        kit.configure(root, "http://me:hunter22@127.0.0.1:1/a")
        with pytest.raises(MissingError) as caught:
            loading.load("small_v1", root, offline=False)
        errors = [caught.value, failure(root)]
        for error in errors:
            errors.extend(filter(None, [error.__cause__, error.__context__]))
            assert "hunter22" not in repr(error), "an error that led to it shows the secret"
            for frame, _ in traceback.walk_tb(error.__traceback__):
                for name, value in frame.f_locals.items():
                    assert "hunter22" not in repr(value), f"{frame.f_code}: {name}"

    def test_not_in_the_log(self, root, caplog):
        """No message of a library shows the password of an address, whatever the level."""
        kit.configure(root, "http://me:hunter22@127.0.0.1:1/a")
        caplog.set_level(logging.DEBUG)
        failure(root)
        assert "Starting new HTTP connection" in caplog.text, "nothing was logged"
        assert "hunter22" not in caplog.text, "the secret shows"

    @pytest.mark.parametrize(
        ("account", "said"),
        # printf 'me:per/cent' | base64, and so on
        [
            ("me:per%2Fcent", "bWU6cGVyL2NlbnQ="),
            ("hunter22", "aHVudGVyMjI6"),
            ("me:at@colon:", "bWU6YXRAY29sb246"),
        ],
    )
    def test_an_address_with_an_account(self, root, server, account, said):
        """User and password of an address, or a token there, reach the server as they should."""
        seen = []

        def note(handler, data, number):
            seen.append(handler.headers["Authorization"])
            return False

        server.fail = note
        kit.configure(root, server.url.replace("//", f"//{account}@"))
        (found,) = fetch(root, wanted(root))
        assert isinstance(found, bytes), f"an error instead of the bytes: {found}"
        assert seen == [f"Basic {said}"], "not that account"


class TestWarnings:
    """What libraries warn of."""

    def test_a_filter_that_makes_errors(self, root, monkeypatch):
        """A warning on the way is nothing to the caller, even if it would be an error there."""
        real = plain_remote.Web.read

        def read(*arguments):
            warnings.warn("old", DeprecationWarning, stacklevel=1)
            return real(*arguments)

        monkeypatch.setattr(plain_remote.Web, "read", read)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            (found,) = fetch(root, wanted(root))
        assert isinstance(found, bytes), f"an error instead of the bytes: {found}"

    def test_filters_afterwards(self, root):
        """What is warned of after that is as it was, even if several threads fetched."""
        filters = list(warnings.filters)
        item = wanted(root)
        threads = [threading.Thread(target=fetch, args=(root, item)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert warnings.filters == filters, "warnings are still ignored"


class TestProgress:
    """The progress bar."""

    class Terminal(io.StringIO):
        """A stream that says it is a terminal."""

        def isatty(self):
            """Yes."""
            return True

    def test_on_a_terminal(self, root, monkeypatch):
        """Somebody who watches sees how far the transfers are."""
        terminal = self.Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        fetch(root, wanted(root))
        assert "fetching fixtures" in terminal.getvalue(), "no progress was shown"

    def test_what_does_not_arrive_is_not_counted(self, root, server, monkeypatch):
        """Neither are its first bytes, nor what was sent before another attempt."""
        moved = []
        monkeypatch.setattr(
            remote.progress, "bar", lambda *_: nullcontext(lambda advance: moved.append(advance))
        )
        absent, *there = (wanted(root, name) for name in kit.FIXTURES)
        served(server, absent).unlink()
        fetch(root, absent, *there)
        assert sum(moved) == sum(item.size for item in there)
        assert max(moved) > 0 > min(moved), "no byte was shown as it came"

    def test_not_elsewhere(self, root, capfd):
        """Nothing is printed where nobody watches."""
        fetch(root, wanted(root))
        assert capfd.readouterr() == ("", ""), "something was printed"
