"""Tests of the pytest plugin: what is no address, and names and texts that are somebody else's."""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["pytester"]


@pytest.mark.parametrize("address", ["None", "1", "[]", "{}", "b'small_v1'", "''"])
def test_what_is_no_address(consumer, address):
    """The test fails at its own line, with the message that says what an address is."""
    consumer.write(f"""
        def test_it(load_fixture):
            load_fixture({address})
    """)
    result = consumer.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">*load_fixture(*",
            "E *UsageError: address*",
            "E *expected: NAME, sha256:DIGEST or NAME@sha256:DIGEST*",
            f"E *found: *{address.replace('[', '[[]')}",
            "test_it.py:2: UsageError",
        ]
    )


@pytest.mark.parametrize("name", ["tmp_path", "request", "load_fixture", "__class__", "x"])
def test_a_pinned_name_cannot_shadow_one_of_pytest(consumer, root, name):
    """The registry is refused as a whole, and its lock's stage named; no test runs."""
    lock = root / "dvc.lock"
    lock.write_text(lock.read_text().replace("small_v1", name))
    consumer.configure(fixtures_as_fixtures="true")
    consumer.write("def test_it(tmp_path, request): assert tmp_path.is_dir()")
    result = consumer.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR, "the tests ran with it"
    result.stderr.fnmatch_lines([f"*dvc.lock: stage fixture@{name}", "*found: *has no version*"])


def test_a_lock_that_cannot_be_read(consumer, root):
    """The head of the run says so, and the run goes on where no fixture is asked for."""
    (root / "dvc.lock").unlink()
    (root / "dvc.lock").mkdir()
    (root / ".dvc").mkdir()
    consumer.write("def test_it(): pass")
    result = consumer.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["fixtures: *no dvc.lock*"])


@pytest.mark.parametrize("option", ["no\x1b[2Jwhere", "no\u202ewhere"])
def test_texts_steer_no_terminal(consumer, option):
    """Paths in the head and in errors are shown with what they hide."""
    consumer.configure(fixtures_registry=option)
    consumer.write("""
        def test_it(load_fixture):
            load_fixture("small_v1")
    """)
    result = consumer.run()
    shown = option.encode("unicode_escape").decode()
    printed = result.stdout.str() + result.stderr.str()
    assert option not in printed, "raw"
    assert f"no dvc.lock in {consumer.path / 'x'}"[:-1] + shown in printed, "not shown"


def test_a_skip_steers_no_terminal(consumer, root, file):
    """So is the reason of a skip, which has the folder."""
    file.unlink()
    odd = root.with_name("o\x1b[2Jdd")
    root.rename(odd)
    consumer.configure(
        fixtures_registry=os.path.relpath(odd, consumer.path), fixtures_offline="true"
    )
    consumer.write("""
        def test_it(load_fixture):
            load_fixture("small_v1")
    """)
    result = consumer.run("-rs")
    result.assert_outcomes(skipped=1)
    assert "\x1b[2J" not in result.stdout.str(), "raw"
    assert "(in " in result.stdout.str(), "the folder is not told"
