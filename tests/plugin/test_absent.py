"""Tests of the pytest plugin: absent bytes may skip a test, and are told; all else fails.

A registry that is named wrongly, or that has no remote for anybody, would else leave a run green
that tested nothing.
"""

from __future__ import annotations

import subprocess

import pytest

pytest_plugins = ["pytester"]

TESTS = """
    import pytest

    def test_loads(load_fixture):
        load_fixture("small_v1")

    @pytest.mark.fixtures("small_v1")
    def test_marked():
        pass
"""
NOWHERE = "http://127.0.0.1:1/registry.git"
CONFIG = """\
[core]
    remote = store
['remote "store"']
    url = {url}
"""


def git(folder, *arguments: str) -> None:
    """Run git."""
    subprocess.run(["git", *arguments], cwd=folder, check=True)


def commit(folder):
    """Make a folder a repository of one commit."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "all")
    return folder


@pytest.fixture
def published(root, tmp_path, monkeypatch):
    """The registry in a repository, its bytes on no remote yet; the URL without a revision."""
    monkeypatch.setenv("FIXTURES_CACHE", str(tmp_path / "user-cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (root / ".dvc").mkdir(exist_ok=True)
    (root / ".dvc" / "config").write_text(CONFIG.format(url="../../store"))
    (root / ".gitignore").write_text("*.npz\n")
    return f"git+{commit(root).as_uri()}"


def host(root, url):
    """Nobody answers there."""
    return f"git+{NOWHERE}@main"


def path(root, url):
    """There is no such folder."""
    return f"{url}-of-another-name@main"


def no_repository(root, url):
    """The folder is none of git's."""
    folder = root.with_name("plain")
    folder.mkdir()
    return f"git+{folder.as_uri()}@main"


def no_registry(root, url):
    """The repository has nothing to do with fixtures."""
    folder = root.with_name("another")
    folder.mkdir()
    return f"git+{commit(folder).as_uri()}@main"


def branch(root, url):
    """It has no such branch."""
    return f"{url}@mian"


def identifier(root, url):
    """It has no such commit."""
    return f"{url}@{'0' * 40}"


def scheme(root, url):
    """Git knows no such protocol."""
    return "git+htps://host/registry.git@main"


def no_revision(root, url):
    """No revision is named."""
    return url


def no_lock(root, url):
    """A clone whose lock was never written."""
    (root / "dvc.lock").unlink()
    return str(root)


def no_lock_at_the_commit(root, url):
    """The same by URL."""
    (root / "dvc.lock").unlink()
    commit(root)
    return f"{url}@main"


def no_sidecar(root, url):
    """What git has to bring is gone."""
    next(root.rglob("small_v1.json")).unlink()
    return str(root)


def folder_of_another_machine(root, url):
    """As shipped: from the web the remote beside the registry is nowhere."""
    (root.parent / "gitconfig").write_text(f'[url "{root.as_uri()}"]\n    insteadOf = {NOWHERE}\n')
    return f"git+{NOWHERE}@main"


def folder_that_is_not_there(root, url):
    """As shipped: nobody ran `dvc push` on this machine."""
    return f"{url}@main"


def no_remote(root, url):
    """The registry names no remote."""
    (root / ".dvc" / "config").write_text("")
    commit(root)
    return f"{url}@main"


WRONG = [
    host, path, no_repository, no_registry, branch, identifier, scheme, no_revision, no_lock,
    no_lock_at_the_commit, no_sidecar, folder_of_another_machine, folder_that_is_not_there,
    no_remote,
]  # fmt: skip
BY_URL = [make for make in WRONG if make not in (no_lock, no_sidecar)]


@pytest.mark.parametrize("ci", [False, True], ids=["local", "CI"])
@pytest.mark.parametrize("make", WRONG)
def test_it_fails(consumer, root, published, monkeypatch, make, ci):
    """On a person's machine, too: nothing that is fetched later would mend it."""
    if ci:
        monkeypatch.setenv("CI", "1")
    consumer.configure(fixtures_registry=make(root, published))
    consumer.write(TESTS)
    result = consumer.run()
    result.assert_outcomes(failed=1, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED, "the run looks well"


@pytest.mark.parametrize("make", BY_URL)
def test_the_ini_option_is_named(consumer, root, published, make):
    """That is where the registry is named, and where it is corrected."""
    consumer.configure(fixtures_registry=make(root, published))
    consumer.write(TESTS)
    consumer.run().stdout.re_match_lines([r"E .* to mend: .*ini option fixtures_registry"])


def test_the_variable_is_named(consumer, root, published, monkeypatch):
    """Where that is what names the registry."""
    monkeypatch.setenv("FIXTURES_REGISTRY", branch(root, published))
    consumer.write(TESTS)
    consumer.run().stdout.re_match_lines([r"E .* to mend: .*\$FIXTURES_REGISTRY"])


@pytest.mark.parametrize("make", [host, no_registry, folder_that_is_not_there])
def test_it_fails_under_xdist(consumer, root, published, make):
    """In every worker."""
    consumer.configure(fixtures_registry=make(root, published))
    consumer.write(TESTS)
    consumer.run_apart("-n2").assert_outcomes(failed=1, errors=1)


def test_a_registry_never_seen_fails_offline(consumer, published):
    """Offline a wrong address cannot be told from a right one."""
    consumer.configure(fixtures_registry=f"{published}@main")
    consumer.write(TESTS)
    result = consumer.run("--fixtures-offline")
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["E *found: *it was never used before, and offline is on"])


@pytest.mark.parametrize("make", [folder_of_another_machine, folder_that_is_not_there, no_remote])
def test_who_keeps_it_is_told_what_mends_it(consumer, root, published, make):
    """A remote that others reach."""
    consumer.configure(fixtures_registry=make(root, published))
    consumer.write(TESTS)
    consumer.run().stdout.fnmatch_lines(
        ["E *to mend: *tell those who keep *: dvc remote add --default NAME URL, then dvc push*"]
    )


REASON = "fixture small_v1: bytes: none in the workspace, none in the cache; no such object on *"


@pytest.fixture
def without_bytes(consumer, root, published):
    """A run on a registry whose remote is there, and lacks the object."""
    (root.parent / "store").mkdir()
    consumer.configure(fixtures_registry=f"{published}@main")
    consumer.write(TESTS)
    return consumer


def test_absent_bytes_skip(without_bytes):
    """On a person's machine; how many tests and why is said without being asked for."""
    result = without_bytes.run()
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["=* absent bytes =*", f"2 tests skipped: {REASON}"])


def test_absent_bytes_skip_quietly(without_bytes):
    """A quiet run says it, too."""
    without_bytes.run("-q").stdout.fnmatch_lines([f"2 tests skipped: {REASON}"])


def test_absent_bytes_in_ci(without_bytes, monkeypatch):
    """There they fail."""
    monkeypatch.setenv("CI", "1")
    result = without_bytes.run()
    result.assert_outcomes(failed=1, errors=1)
    assert "absent bytes" not in result.stdout.str(), "told of skips that are none"


def test_absent_bytes_under_xdist(without_bytes):
    """Skips of all workers are counted together."""
    result = without_bytes.run_apart("-n2")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines([f"2 tests skipped: {REASON}"])


def test_each_test_by_its_own_name_counts(consumer, root):
    """Pytest sets up a session's fixture once, and skips every test that wants it."""
    consumer.configure(fixtures_as_fixtures="true")
    consumer.write("""
        def test_one(small_v1): pass
        def test_two(small_v1): pass
        def test_other(other_v1): pass
    """)
    for name in ("small_v1", "other_v1"):
        next(root.rglob(f"{name}.npz")).unlink()
    result = consumer.run("--fixtures-offline")
    result.assert_outcomes(skipped=3)
    result.stdout.fnmatch_lines(
        ["2 tests skipped: fixture small_v1: *", "1 test skipped: fixture other_v1: *"]
    )


def test_other_skips_are_none_of_ours(consumer):
    """What a project skips itself is not told again."""
    consumer.write("""
        import pytest

        @pytest.mark.skip(reason="not today")
        def test_it(load_fixture): load_fixture("small_v1")
    """)
    assert "absent bytes" not in consumer.run().stdout.str(), "told of another skip"


def test_a_clone_without_its_remote(consumer, root, published):
    """In a fresh clone nothing is wrong: bytes are fetched, or built."""
    next(root.rglob("small_v1.npz")).unlink()
    consumer.write(TESTS)
    result = consumer.run()
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["2 tests skipped: *a folder that does not exist here; to mend: *"])
