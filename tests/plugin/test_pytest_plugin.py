"""Tests of the pytest plugin, as a project sees it that asks for fixtures by name."""

from __future__ import annotations

import hashlib
import subprocess

import pytest

from tests.kit.files import flip

pytest_plugins = ["pytester"]

# Three ways to ask for the same fixture.
LOADS = """
    def test_it(load_fixture):
        load_fixture("small_v1")
"""
MARKED = """
    import pytest

    @pytest.mark.fixtures("small_v1")
    def test_it():
        pass
"""
NAMED = """
    def test_it(small_v1):
        pass
"""
WAYS = pytest.mark.parametrize(
    "tests", [LOADS, MARKED, NAMED], ids=["load_fixture", "marker", "own name"]
)

# Counts, in a file of the consumer's, how often a process hashes the bytes of small_v1.
COUNTS_HASHES = """
    import hashlib, os, pathlib

    real = hashlib.sha256
    size = {size}

    def counting(data=b"", **options):
        if len(data) == size:
            with open("hashed.txt", "a") as file:
                file.write(f"{{os.getpid()}}\\n")
        return real(data, **options)

    hashlib.sha256 = counting

    def pytest_unconfigure():
        hashlib.sha256 = real
"""

# Counts how often the remote is asked, and lets it be out of reach.
COUNTS_FETCHES = """
    import pytest
    from registry.storage import remote
    from registry.errors import AbsentBytesError

    @pytest.fixture(autouse=True, scope="session")
    def counts_fetches():
        def fetch(*arguments, **options):
            with open("fetched.txt", "a") as file:
                file.write("fetched\\n")
            raise AbsentBytesError(
                "remote", expected="", found="refused by the test", remedy=""
            )

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(remote, "fetch", fetch)
            yield
"""


def into_cache(root, file):
    """Move a workspace file into DVC's cache, where a pulled object lies."""
    md5 = hashlib.md5(file.read_bytes()).hexdigest()
    target = root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
    target.parent.mkdir(parents=True)
    file.rename(target)


def section(result, title):
    """Lines of one section of the terminal summary."""
    lines = result.outlines
    (start,) = [number for number, line in enumerate(lines) if line.strip("=") == f" {title} "]
    after = lines[start + 1 :]
    end = next(number for number, line in enumerate(after) if line.startswith("==="))
    return [line for line in after[:end] if line]


class TestLoading:
    """Arrays that a test gets."""

    def test_the_plugin_is_an_entry_point(self, pytester):
        """Installing the package is all that a project has to do."""
        result = pytester.runpytest_subprocess("--fixtures-offline")
        assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED, "not installed as a plugin"

    def test_load_fixture_gives_the_arrays(self, consumer):
        """`load_fixture(NAME)` returns the arrays that are pinned under the name."""
        consumer.write("""
            def test_it(load_fixture):
                small = load_fixture("small_v1")
                assert small.name == "small_v1"
                assert small.frames.dtype == "float32"
                assert small["frames"].tolist() == [[0, 1, 2], [3, 4, 5]]
        """)
        consumer.run().assert_outcomes(passed=1)

    def test_pinned_fixtures_by_their_own_names(self, consumer):
        """With the ini option on, a test gets a fixture by naming it as an argument."""
        consumer.configure(fixtures_as_fixtures="true")
        consumer.write("""
            def test_it(small_v1, other_v1):
                assert small_v1.frames.sum() == 15
                assert other_v1.frames.sum() == 6
        """)
        consumer.run().assert_outcomes(passed=1)

    def test_own_names_are_listed_by_pytest(self, consumer):
        """`pytest --fixtures` shows what is pinned."""
        consumer.configure(fixtures_as_fixtures="true")
        consumer.run("--fixtures").stdout.fnmatch_lines(
            ["small_v1 [[]session scope[]] *", "*Verified, read-only arrays of *small_v1.npz."]
        )

    def test_no_own_names_unless_asked_for(self, consumer):
        """Without the ini option, the plugin adds no names but its own."""
        consumer.write(NAMED)
        result = consumer.run()
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["E *fixture 'small_v1' not found"])

    def test_a_project_s_own_fixture_of_the_same_name_wins(self, consumer):
        """A conftest can override a pinned fixture, as it can any other."""
        consumer.configure(fixtures_as_fixtures="true")
        consumer.write(
            "def test_it(small_v1): assert small_v1 == 1",
            conftest="""
                import pytest

                @pytest.fixture
                def small_v1():
                    return 1
            """,
        )
        consumer.run().assert_outcomes(passed=1)

    def test_one_fixture_whatever_it_is_called(self, consumer, file):
        """Name, content and both joined give the same object, not equal ones."""
        consumer.configure(fixtures_as_fixtures="true")
        content = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
        consumer.write(f"""
            def test_it(load_fixture, small_v1):
                assert load_fixture("small_v1") is small_v1
                assert load_fixture("{content}") is small_v1
                assert load_fixture("small_v1@{content}") is small_v1
        """)
        consumer.run().assert_outcomes(passed=1)

    def test_a_name_and_another_s_content_disagree(self, consumer):
        """An address of a name and a digest fails where the pinned content has another."""
        consumer.write(f"""
            def test_it(load_fixture):
                load_fixture("small_v1@sha256:{"0" * 64}")
        """)
        result = consumer.run()
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["E *broken link address -> sidecar", f"E *{'0' * 64}*"])

    def test_verified_once_in_a_process(self, consumer, file):
        """However often and in whatever way it is asked for, the bytes are hashed once."""
        consumer.configure(fixtures_as_fixtures="true")
        consumer.write(
            """
            import pytest

            @pytest.mark.fixtures("small_v1")
            def test_marked():
                pass

            def test_own_name(small_v1):
                pass

            @pytest.mark.parametrize("number", range(3))
            def test_loaded(load_fixture, number):
                load_fixture("small_v1")
                load_fixture("small_v1", writable=True)
            """,
            conftest=COUNTS_HASHES.format(size=file.stat().st_size),
        )
        consumer.run().assert_outcomes(passed=5)
        hashed = (consumer.path / "hashed.txt").read_text().splitlines()
        assert len(hashed) == 1, f"verified {len(hashed)} times"

    def test_an_array_cannot_be_written_to(self, consumer):
        """A test that writes into an array fails with numpy's own error."""
        consumer.write("""
            def test_it(load_fixture):
                load_fixture("small_v1").frames[0] = 1
        """)
        result = consumer.run()
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["E *ValueError: assignment destination is read-only"])

    def test_an_array_cannot_be_made_writable(self, consumer):
        """Nor can the flag be set: the array is a view of immutable bytes."""
        consumer.write("""
            def test_it(load_fixture):
                load_fixture("small_v1").frames.flags.writeable = True
        """)
        result = consumer.run()
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["E *ValueError: cannot set WRITEABLE flag to True*"])

    def test_writable_copies(self, consumer):
        """With `writable=True` each caller gets copies of its own, and nobody else sees them."""
        consumer.write("""
            def test_it(load_fixture):
                mine = load_fixture("small_v1", writable=True)
                mine.frames[:] = -1
                assert mine.name == "small_v1"
                assert mine["frames"].sum() == -6
                assert load_fixture("small_v1", writable=True).frames.sum() == 15
                assert load_fixture("small_v1").frames.sum() == 15
                assert not load_fixture("small_v1").frames.flags.writeable
        """)
        consumer.run().assert_outcomes(passed=1)

    @pytest.mark.parametrize(
        "change", ["os.truncate(path, 0)", "path.write_bytes(bytes(path.stat().st_size))"]
    )
    def test_a_file_changed_after_it_was_loaded(self, consumer, change):
        """Overwriting or truncating the file leaves loaded arrays as they were verified."""
        consumer.write(f"""
            import os

            def test_it(load_fixture):
                small = load_fixture("small_v1")
                path = small.path
                {change}
                assert small.frames.tolist() == [[0, 1, 2], [3, 4, 5]]
                assert load_fixture("small_v1") is small
        """)
        consumer.run().assert_outcomes(passed=1)

    def test_an_unknown_name(self, consumer):
        """A name that is not pinned fails the test at its own line and lists those that are."""
        consumer.write("""
            def test_it(load_fixture):
                load_fixture("smal_v1")
        """)
        result = consumer.run()
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                '>*load_fixture("smal_v1")',
                "E *UsageError: fixture smal_v1",
                "E *expected: *perhaps small_v1*",
                "E *found: *small_v1, other_v1, old_v1",
                "E *to mend: *",
                "test_it.py:2: UsageError",
            ]
        )


class TestRegistry:
    """Which registry a run uses."""

    def test_the_nearest_above_the_rootdir(self, consumer, root):
        """Without an ini option, the registry is the one that the rootdir lies in."""
        consumer.configure(fixtures_registry=None)
        inside = root / "inside"
        inside.mkdir()
        (inside / "pytest.ini").write_text("[pytest]\n")
        (inside / "test_it.py").write_text(
            "def test_it(load_fixture): assert load_fixture('small_v1').frames.sum() == 15\n"
        )
        consumer.run("--rootdir", inside, inside).assert_outcomes(passed=1)

    def test_the_variable_goes_before_the_ini_option(self, consumer, root, monkeypatch):
        """$FIXTURES_REGISTRY points a run at another registry without an edit."""
        consumer.configure(fixtures_registry="nowhere")
        monkeypatch.setenv("FIXTURES_REGISTRY", str(root))
        consumer.write(LOADS)
        consumer.run().assert_outcomes(passed=1)

    def test_a_wrong_path(self, consumer):
        """A test fails with a message that names the ini option, the path and what mends it."""
        consumer.configure(fixtures_registry="nowhere")
        consumer.write(LOADS)
        result = consumer.run()
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                f"fixtures: no registry: no dvc.lock in {consumer.path / 'nowhere'}",
                "E *UsageError: ini option fixtures_registry",
                f"E *found: *no dvc.lock in {consumer.path / 'nowhere'}",
                "E *to mend: *correct fixtures_registry*",
            ]
        )

    def test_a_wrong_path_with_own_names(self, consumer):
        """Where pinned names cannot be known, the run ends at once with the same message."""
        consumer.configure(fixtures_registry="nowhere", fixtures_as_fixtures="true")
        consumer.write(NAMED)
        result = consumer.run()
        assert result.ret == pytest.ExitCode.USAGE_ERROR, "the run was not refused"
        result.stderr.fnmatch_lines(["ERROR: ini option fixtures_registry", "*to mend: *"])

    def test_no_registry(self, consumer):
        """A test that asks for a fixture where there is no registry fails and is told."""
        consumer.configure(fixtures_registry=None)
        consumer.write(LOADS)
        result = consumer.run()
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["E *found: *no dvc.lock in *", "E *to mend: *"])


class TestUrl:
    """A registry named by git URL and revision."""

    # Counts in which processes git is asked.
    COUNTS_QUESTIONS = """
        import os
        from registry.storage import served

        real = served.serve

        def counting(*arguments, **options):
            with open("asked.txt", "a") as file:
                file.write(f"{os.getpid()}\\n")
            return real(*arguments, **options)

        served.serve = counting

        def pytest_unconfigure():
            served.serve = real
    """

    @pytest.fixture
    def url(self, consumer, root, tmp_path, monkeypatch):
        """The registry's URL and branch, which the consumer names."""
        monkeypatch.setenv("FIXTURES_CACHE", str(tmp_path / "user-cache"))
        for command in (
            ["init", "--quiet", "--initial-branch=main"],
            ["add", "."],
            ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "pins"],
        ):
            subprocess.run(["git", *command], cwd=root, check=True)
        url = f"git+{root.as_uri()}@main"
        consumer.configure(fixtures_registry=url)
        return url

    def test_online_and_then_offline(self, consumer, root, url):
        """Tests pass on the registry at that revision, and later without it, from a cache."""
        consumer.write("""
            def test_it(load_fixture):
                assert load_fixture("small_v1").frames.sum() == 15
        """)
        consumer.run().assert_outcomes(passed=1)
        root.rename(root.with_name("moved"))
        consumer.run("--fixtures-offline").assert_outcomes(passed=1)

    def test_never_used_and_out_of_reach(self, consumer, url):
        """A registry that cannot be had fails tests: it may be named wrongly."""
        consumer.write(LOADS)
        consumer.run("--fixtures-offline").assert_outcomes(failed=1)
        consumer.run("--fixtures-offline", "--fixtures-strict").assert_outcomes(failed=1)

    def test_the_header_waits_for_nothing(self, consumer, url):
        """A run that asks for no fixture does not ask git, and its header names the URL."""
        consumer.write("def test_it(): pass", conftest=self.COUNTS_QUESTIONS)
        result = consumer.run()
        result.assert_outcomes(passed=1)
        assert f"fixtures: {url}, online, missing bytes skip" in result.outlines
        assert not (consumer.path / "asked.txt").exists(), "git was asked"

    def test_the_variable_may_be_a_url(self, consumer, url, monkeypatch):
        """$FIXTURES_REGISTRY, too, takes a URL."""
        consumer.configure(fixtures_registry="nowhere")
        monkeypatch.setenv("FIXTURES_REGISTRY", url)
        consumer.write(LOADS)
        consumer.run().assert_outcomes(passed=1)

    def test_git_is_asked_once(self, consumer, url):
        """One question to git serves the process that starts xdist's workers, and all of them."""
        consumer.write(
            """
            import pytest

            @pytest.mark.parametrize("number", range(6))
            def test_it(load_fixture, number):
                load_fixture("small_v1")
            """,
            conftest=self.COUNTS_QUESTIONS,
        )
        consumer.run_apart("-n2").assert_outcomes(passed=6)
        asked = (consumer.path / "asked.txt").read_text().splitlines()
        assert len(asked) == 1, f"asked {len(asked)} times, by {len(set(asked))} processes"

    def test_an_unreachable_one_is_asked_once(self, consumer, url):
        """Nor does each test ask again where there was no answer."""
        consumer.write(
            """
            import pytest

            @pytest.mark.parametrize("name", ["small_v1", "other_v1"])
            def test_it(load_fixture, name):
                load_fixture(name)
            """,
            conftest=self.COUNTS_QUESTIONS,
        )
        consumer.run("--fixtures-offline").assert_outcomes(failed=2)
        asked = (consumer.path / "asked.txt").read_text().splitlines()
        assert len(asked) == 1, f"asked {len(asked)} times"

    def test_credentials_show_nowhere(self, consumer, url):
        """The password in a URL is in no line of the output, even where everything is shown."""
        consumer.configure(
            fixtures_registry="git+https://someone:open-sesame@example.invalid/registry.git@main"
        )
        consumer.write(LOADS)
        result = consumer.run("--fixtures-offline", "--fixtures-strict", "--showlocals", "-vv")
        result.assert_outcomes(failed=1)
        output = result.stdout.str() + result.stderr.str()
        assert "***@example.invalid" in output, "the URL is not shown at all"
        assert "open-sesame" not in output, "the password is shown"


class TestHeader:
    """The line at the head of a run."""

    def test_root_lock_and_mode(self, consumer, root):
        """It names the registry's folder, the lock's digest, and what happens to missing bytes."""
        digest = hashlib.sha256((root / "dvc.lock").read_bytes()).hexdigest()[:12]
        expected = f"fixtures: {root}, dvc.lock {digest}, online, missing bytes skip"
        assert expected in consumer.run().outlines, "another header, or none"

    @pytest.mark.parametrize(
        ("argument", "options", "variable", "mode"),
        [
            ("--fixtures-offline", {}, "", "offline, missing bytes skip"),
            ("-v", {"fixtures_offline": "true"}, "", "offline, missing bytes skip"),
            ("-v", {}, "FIXTURES_OFFLINE", "offline, missing bytes skip"),
            ("--fixtures-strict", {}, "", "online, missing bytes fail"),
            ("-v", {"fixtures_strict": "true"}, "", "online, missing bytes fail"),
            ("-v", {}, "CI", "online, missing bytes fail"),
        ],
    )
    def test_modes(self, consumer, monkeypatch, argument, options, variable, mode):
        """Options, ini options and variables that change the mode show in the header."""
        consumer.configure(**options)
        if variable:
            monkeypatch.setenv(variable, "1")
        header = next(
            line for line in consumer.run(argument).outlines if line.startswith("fixtures:")
        )
        assert header.endswith(f", {mode}"), header

    def test_none_without_a_registry(self, consumer):
        """A project that has nothing to do with fixtures sees nothing of the plugin."""
        consumer.configure(fixtures_registry=None)
        consumer.write("def test_it(): pass")
        result = consumer.run()
        result.assert_outcomes(passed=1)
        assert "fixtures" not in result.stdout.str().replace(str(consumer.path), ""), (
            "the plugin shows where it has no business"
        )


class TestMissing:
    """Fixtures whose bytes are not to be had, or not the pinned ones."""

    @WAYS
    def test_a_skip_with_the_command(self, consumer, root, file, tests):
        """On a person's machine the test is skipped, and the reason is the command to run."""
        consumer.configure(fixtures_as_fixtures="true")
        consumer.write(tests)
        file.unlink()
        result = consumer.run("--fixtures-offline", "-rs")
        result.assert_outcomes(skipped=1)
        result.stdout.fnmatch_lines(
            [
                "SKIPPED * fixture small_v1: bytes: none in the workspace, *offline*"
                f"; to mend: fixtures pull small_v1*(in {root})"
            ]
        )

    def test_the_skip_names_the_line_of_the_test(self, consumer, file):
        """A skip inside a test is reported where the test asked for the fixture."""
        consumer.write(LOADS)
        file.unlink()
        result = consumer.run("--fixtures-offline", "-rs")
        result.stdout.fnmatch_lines(["SKIPPED [[]1[]] test_it.py:2: *"])

    @pytest.mark.parametrize("strict", ["CI", "--fixtures-strict", "fixtures_strict"])
    @WAYS
    def test_a_failure_where_it_must_be_there(self, consumer, file, monkeypatch, tests, strict):
        """Under $CI, with the option or the ini option, missing bytes are no skip."""
        options = {"fixtures_strict": "true"} if strict == "fixtures_strict" else {}
        consumer.configure(fixtures_as_fixtures="true", **options)
        if strict == "CI":
            monkeypatch.setenv("CI", "true")
        consumer.write(tests)
        file.unlink()
        arguments = ["--fixtures-strict"] if strict == "--fixtures-strict" else []
        result = consumer.run("--fixtures-offline", *arguments)
        assert result.ret == pytest.ExitCode.TESTS_FAILED, "missing bytes went unnoticed"
        assert "skipped" not in result.parseoutcomes(), "the test was skipped"
        result.stdout.fnmatch_lines(
            ["*fixture small_v1: bytes", "*expected: *", "*found: *", "*to mend: *fixtures pull *"]
        )

    @WAYS
    def test_a_broken_chain_always_fails(self, consumer, file, tests):
        """Bytes that are there and are not the pinned ones fail, on a person's machine too."""
        consumer.configure(fixtures_as_fixtures="true")
        consumer.write(tests)
        flip(file)
        result = consumer.run("--fixtures-offline")
        assert result.ret == pytest.ExitCode.TESTS_FAILED, "a broken chain went unnoticed"
        result.stdout.fnmatch_lines(
            ["*fixture small_v1: broken link sidecar -> bytes", "*expected: *", "*to mend: *"]
        )

    @WAYS
    def test_no_frames_of_ours(self, consumer, file, tests):
        """What a failure shows is the user's line, where there is one, and the message."""
        consumer.configure(fixtures_as_fixtures="true")
        consumer.write(tests)
        flip(file)
        output = consumer.run("--fixtures-offline").stdout.str()
        assert "pytest_session.py" not in output, "frames of the plugin are shown"
        assert "store.py" not in output, "frames of the store are shown"
        assert "All traceback entries are hidden" not in output, "a remark on hidden frames"

    def test_the_folder_is_named_once(self, consumer, root, file):
        """An address by content gives the same message as the name that it stands for."""
        content = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
        consumer.write(f"""
            def test_it(load_fixture):
                load_fixture("{content}")
        """)
        flip(file)
        output = consumer.run("--fixtures-offline").stdout.str()
        assert output.count(f"(in {root})") == 1, "the remedy repeats itself, or lacks the folder"

    def test_an_error_again(self, consumer, root, file):
        """A second test that meets the same error shows its own line, not that of the first."""
        consumer.configure(fixtures_registry=None)
        (root / "test_it.py").write_text(
            "def test_one(load_fixture): load_fixture('small_v1')\n"
            "def test_two(load_fixture): load_fixture('small_v1')\n"
        )
        flip(file)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(root)
            result = consumer.run("--fixtures-offline", "--tb=short", "--rootdir", root, root)
        result.assert_outcomes(failed=2)
        found = [line for line in result.outlines if ": in " in line]
        assert found == ["test_it.py:1: in test_one", "test_it.py:2: in test_two"], "other frames"

    def test_no_folder_where_the_run_is_in_it(self, consumer, root, file):
        """In the registry's own tests a command needs no folder."""
        consumer.configure(fixtures_registry=None)
        (root / "test_it.py").write_text("def test_it(load_fixture): load_fixture('small_v1')\n")
        file.unlink()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(root)
            result = consumer.run("--fixtures-offline", "-rs", "--rootdir", root, root)
        result.assert_outcomes(skipped=1)
        result.stdout.fnmatch_lines(["SKIPPED *; to mend: fixtures pull small_v1*"])
        assert "(in " not in result.stdout.str(), "a folder for a command that needs none"

    def test_the_error_can_be_caught(self, consumer, file):
        """A test may expect the error: it is the registry's own."""
        consumer.write("""
            import pytest
            from registry import ChainError

            def test_it(load_fixture):
                with pytest.raises(ChainError, match="broken link sidecar -> bytes"):
                    load_fixture("small_v1")
        """)
        flip(file)
        consumer.run("--fixtures-offline").assert_outcomes(passed=1)

    def test_bytes_in_the_cache_will_do(self, consumer, root, file):
        """What DVC's cache has is not missing."""
        consumer.write(LOADS)
        into_cache(root, file)
        consumer.run("--fixtures-offline").assert_outcomes(passed=1)

    def test_a_remote_out_of_reach_is_asked_once(self, consumer, root, file):
        """The first answer holds for the rest of the run: no test waits for a second one."""
        (root / ".dvc").mkdir()
        consumer.write(
            """
            import pytest

            @pytest.mark.parametrize("number", range(3))
            def test_it(load_fixture, number):
                load_fixture("small_v1")
            """,
            conftest=COUNTS_FETCHES,
        )
        file.unlink()
        result = consumer.run("-rs")
        result.assert_outcomes(skipped=3)
        result.stdout.fnmatch_lines(["SKIPPED *refused by the test*"])
        assert (consumer.path / "fetched.txt").read_text() == "fetched\n", "asked more than once"

    @pytest.mark.parametrize("way", ["--fixtures-offline", "fixtures_offline", "FIXTURES_OFFLINE"])
    def test_offline_asks_no_remote(self, consumer, root, file, monkeypatch, way):
        """With the option, the ini option or the variable, the remote is left alone."""
        (root / ".dvc").mkdir()
        options = {"fixtures_offline": "true"} if way == "fixtures_offline" else {}
        consumer.configure(**options)
        if way == "FIXTURES_OFFLINE":
            monkeypatch.setenv(way, "1")
        consumer.write(LOADS, conftest=COUNTS_FETCHES)
        file.unlink()
        result = consumer.run(*(["--fixtures-offline"] if way == "--fixtures-offline" else []))
        result.assert_outcomes(skipped=1)
        assert not (consumer.path / "fetched.txt").exists(), "the remote was asked"


class TestMarker:
    """`@pytest.mark.fixtures(NAME, ...)`."""

    def test_it_is_declared(self, consumer):
        """`--strict-markers` knows it, and a test that has it runs."""
        consumer.write(MARKED)
        consumer.run("--strict-markers").assert_outcomes(passed=1)

    def test_verified_before_anything_is_set_up(self, consumer, file):
        """No pytest fixture of the test is set up where what the test needs is broken."""
        consumer.write("""
            import pathlib
            import pytest

            @pytest.fixture
            def costly():
                pathlib.Path("set-up").touch()

            @pytest.mark.fixtures("other_v1", "small_v1")
            def test_it(costly):
                pass
        """)
        flip(file)
        consumer.run("--fixtures-offline").assert_outcomes(errors=1)
        assert not (consumer.path / "set-up").exists(), "set up before the bytes were verified"

    def test_on_a_class(self, consumer, file):
        """On a class it holds for each of its tests."""
        consumer.write("""
            import pytest

            @pytest.mark.fixtures("small_v1")
            class TestIt:
                def test_one(self): pass
                def test_two(self): pass
        """)
        file.unlink()
        consumer.run("--fixtures-offline").assert_outcomes(skipped=2)

    def test_a_skipped_test_needs_nothing(self, consumer, file):
        """A test that is skipped anyway does not fail for its fixtures."""
        consumer.write("""
            import pytest

            @pytest.mark.skip(reason="not today")
            @pytest.mark.fixtures("small_v1")
            def test_it():
                pass
        """)
        flip(file)
        consumer.run("--fixtures-offline").assert_outcomes(skipped=1)

    @pytest.mark.parametrize("arguments", ["", "1", "'small_v1', 2", "'small_v1', name='other_v1'"])
    def test_wrong_arguments(self, consumer, arguments):
        """Anything but names is refused, and the message shows what was given."""
        consumer.write(f"""
            import pytest

            @pytest.mark.fixtures({arguments})
            def test_it():
                pass
        """)
        result = consumer.run()
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(
            ["marker of test_it.py::test_it", "*expected: *", f"*found: *fixtures({arguments})"]
        )


class TestDeprecated:
    """Fixtures that `params.yaml` marks deprecated."""

    MESSAGE = "*FixtureDeprecationWarning: fixture old_v1 is deprecated: its frames are zeros*"

    def test_each_test_that_loads_one_warns_at_its_line(self, consumer):
        """The warning points into the test, and a second test is not spared by the first."""
        consumer.write("""
            def test_one(load_fixture):
                load_fixture("old_v1")

            def test_two(load_fixture):
                load_fixture("old_v1")
        """)
        result = consumer.run_apart()
        result.assert_outcomes(passed=2, warnings=2)
        result.stdout.fnmatch_lines(["*test_it.py:2: FixtureDep*", "*test_it.py:5: FixtureDep*"])
        result.stdout.fnmatch_lines([f"{self.MESSAGE}use small_v1"])

    @pytest.mark.parametrize("way", ["marker", "own name"])
    def test_the_other_ways_warn_too(self, consumer, way):
        """So does a marker, and a fixture by its own name."""
        consumer.configure(fixtures_as_fixtures="true")
        tests = {"marker": MARKED, "own name": NAMED}[way]
        consumer.write(tests.replace("small_v1", "old_v1"))
        result = consumer.run_apart()
        result.assert_outcomes(passed=1, warnings=1)
        result.stdout.fnmatch_lines([self.MESSAGE])

    def test_others_do_not_warn(self, consumer):
        """A version that is not deprecated gives no warning."""
        consumer.write(LOADS)
        consumer.run_apart().assert_outcomes(passed=1, warnings=0)

    def test_the_warning_can_be_made_an_error(self, consumer):
        """A project that wants to be told loudly filters by the category's name."""
        consumer.configure(
            filterwarnings="error::registry.declare.deprecation.FixtureDeprecationWarning"
        )
        consumer.write(LOADS.replace("small_v1", "old_v1"))
        consumer.run_apart().assert_outcomes(failed=1)


class TestReport:
    """`--fixtures-report`."""

    TESTS = """
        import pytest

        @pytest.mark.xdist_group("one")
        def test_loads(load_fixture):
            load_fixture("small_v1", writable=True)

        @pytest.mark.xdist_group("another")
        @pytest.mark.fixtures("old_v1")
        def test_marked():
            pass
    """
    EXPECTED = (
        "used: 2 of 3 pinned fixtures",
        "unused: other_v1",
        "deprecated: fixture old_v1 is deprecated: its frames are zeros; use small_v1",
    )

    def test_unused_and_deprecated(self, consumer):
        """It names the pinned fixtures that no test asked for, and deprecated ones in use."""
        consumer.write(self.TESTS)
        result = consumer.run_apart("--fixtures-report", "-Wignore")
        assert section(result, "fixtures") == list(self.EXPECTED), "another report"

    def test_gathered_from_xdist_workers(self, consumer):
        """What any worker used is used: here each uses one of two."""
        consumer.write(self.TESTS)
        result = consumer.run_apart("--fixtures-report", "-Wignore", "-n2", "--dist=loadgroup")
        assert section(result, "fixtures") == list(self.EXPECTED), "another report under xdist"

    def test_asked_for_and_missing_is_used(self, consumer, file):
        """A fixture whose test was skipped for missing bytes is not called unused."""
        consumer.write(LOADS)
        file.unlink()
        result = consumer.run("--fixtures-report", "--fixtures-offline")
        assert "unused: small_v1" not in section(result, "fixtures"), "asked for, yet unused"

    def test_no_report_unless_asked_for(self, consumer):
        """A run ends as ever without the option."""
        consumer.write(LOADS)
        assert "unused: other_v1" not in consumer.run().outlines, "a report nobody asked for"

    def test_without_pins(self, consumer, root):
        """A report that cannot be given says why, and the run's outcome stays."""
        (root / "dvc.lock").write_text("stages: [")
        consumer.write("def test_it(): pass")
        result = consumer.run("--fixtures-report")
        result.assert_outcomes(passed=1)
        assert section(result, "fixtures")[0] == "dvc.lock", "no word on the broken lock"


class TestXdist:
    """Several processes that test at once."""

    def test_each_worker_verifies_once(self, consumer, root, file):
        """Workers all pass on bytes from the cache; none verifies them twice."""
        consumer.configure(fixtures_as_fixtures="true")
        consumer.write(
            """
            import pytest

            @pytest.mark.parametrize("number", range(12))
            def test_it(small_v1, load_fixture, number):
                assert load_fixture("small_v1") is small_v1
                assert small_v1.frames.sum() == 15
            """,
            conftest=COUNTS_HASHES.format(size=file.stat().st_size),
        )
        into_cache(root, file)
        consumer.run_apart("-n4", "--fixtures-offline").assert_outcomes(passed=12)
        hashed = (consumer.path / "hashed.txt").read_text().splitlines()
        assert len(hashed) == len(set(hashed)), "a process verified the bytes again"
        assert 1 < len(hashed) <= 4, f"{len(hashed)} processes used the fixture"

    def test_options_reach_the_workers(self, consumer, file):
        """Strictness given on the command line holds in every worker."""
        consumer.write(LOADS)
        file.unlink()
        result = consumer.run_apart("-n2", "--fixtures-offline", "--fixtures-strict")
        result.assert_outcomes(failed=1)


HEAVY = ("dvc", "jsonschema", "numpy", "torch", "yaml", "registry.loading")


@pytest.mark.parametrize("registry", ["named", "none"])
def test_a_run_without_fixtures_imports_nothing_heavy(consumer, registry):
    """Where no test asks for a fixture, the plugin costs next to nothing."""
    if registry == "none":
        consumer.configure(fixtures_registry=None)
    consumer.write(
        "def test_it(): pass",
        conftest=f"""
            import sys

            def pytest_unconfigure():
                print("imported:", [name for name in {HEAVY} if name in sys.modules])
                print("plugin:", "fixture_registry.pytest_plugin" in sys.modules)
        """,
    )
    result = consumer.run_apart()
    result.assert_outcomes(passed=1)
    assert "plugin: True" in result.outlines, "the plugin was not there"
    assert "imported: []" in result.outlines, "the plugin imports what only some runs need"
