"""Tests of a child process: who gets the mutant, and what is written down."""

from __future__ import annotations

import pytest

# Each in a file of its own: a fixture that a module loads is used by all tests of its file.
WAYS = {
    "load_fixture": """
        def test(load_fixture):
            assert load_fixture("tones_v1").samples.max() < 1.5
    """,
    "copies": """
        def test(load_fixture):
            assert load_fixture("tones_v1", writable=True)["samples"].max() < 1.5
    """,
    "own_name": """
        def test(tones_v1):
            assert tones_v1.samples.max() < 1.5
    """,
    "marker": """
        import pytest

        @pytest.mark.fixtures("tones_v1")
        def test(load_fixture):
            assert load_fixture("tones_v1").samples.max() < 1.5
    """,
    "load": """
        import registry

        def test():
            assert registry.load("tones_v1", "../registry").samples.max() < 1.5
    """,
    "module": """
        import registry

        samples = registry.load("tones_v1", "../registry").samples

        def test():
            assert samples.max() < 1.5
    """,
    "parameters": """
        import pytest
        import registry

        @pytest.mark.parametrize("row", [*registry.load("tones_v1", "../registry").samples])
        def test(row):
            assert row.max() < 1.5
    """,
    "path": """
        import numpy

        def test(tones_v1):
            assert numpy.load(tones_v1.path)["samples"].max() < 1.5
    """,
    "helper": """
        from helper import samples

        def test():
            assert samples.max() < 1.5
    """,
    "shared": """
        def test(shared):
            assert shared.max() < 1.5
    """,
    "asked_for_later": """
        def test(request):
            assert request.getfixturevalue("shared").max() < 1.5
    """,
    "remembered": """
        from memory import tones

        def test():
            assert tones().samples.max() < 1.5
    """,
    "class": """
        import unittest
        import registry

        class TestIt(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.samples = registry.load("tones_v1", "../registry").samples

            def test(self):
                assert self.samples.max() < 1.5
    """,
}
OTHERS = {
    "helper.py": """
        import registry

        samples = registry.load("tones_v1", "../registry").samples
    """,
    "memory.py": """
        import functools
        import registry

        @functools.cache
        def tones():
            return registry.load("tones_v1", "../registry")
    """,
    "conftest.py": """
        import pytest

        @pytest.fixture(scope="session")
        def shared(load_fixture):
            return load_fixture("tones_v1").samples
    """,
}


@pytest.fixture
def ways(project):
    """The project with a test for each way to ask, twice: the second finds what the first had."""
    project.configure(pythonpath=".")
    for name, text in OTHERS.items():
        project.write(text, name)
    for way, text in WAYS.items():
        for number in (1, 2):
            project.write(text, f"test_{way}_{number}.py")
    return project


@pytest.mark.parametrize("mistake", ["", "scaled"])
def test_each_way_to_ask_gives_the_mutant(ways, mistake):
    """However a test comes by the fixture, also by what another one had loaded.

    That it got it is written down: under its address, or that of the mutant.
    """
    got = ways.mutant(mistake).planted() if mistake else ways.tones
    address = f"tones_v1@sha256:{got.sidecar.sha256_checksum}"
    found = ways.child(mistake=mistake)
    assert len(found.tests) >= 2 * len(WAYS), "tests that were not run"
    lacking = [test.name for test in found.tests if test.got != {address}]
    assert lacking == [], "tests that seem to have got nothing, or another one"
    failed = {test.name.partition(".py")[0] for test in found.tests if test.outcome == "failed"}
    expected = {f"test_{way}_{number}" for way in WAYS for number in (1, 2)} if mistake else set()
    assert failed == expected, "tests that got the sound arrays, or were not run"


def test_who_uses_nothing(project):
    """Tests beside those that use a fixture, and after them, do not."""
    project.write("""
        import pytest

        @pytest.fixture(scope="session")
        def shared(load_fixture):
            return load_fixture("tones_v1").samples

        def test_one(tones_v1): pass
        def test_two(shared): pass
        def test_three(): pass
        def test_four(load_fixture): pass
        def test_five(load_fixture): load_fixture("noise_v1")
    """)
    found = project.child()
    uses = {test.name.partition("::")[2]: len(test.uses) for test in found.tests}
    assert uses == {"test_one": 1, "test_two": 1, "test_three": 0, "test_four": 0, "test_five": 1}


def test_a_marker_alone_gives_nothing(project):
    """A test that a marker names the fixture for uses it; what it reads of it, nobody sees."""
    project.write("""
        import pytest

        @pytest.mark.fixtures("tones_v1")
        def test_it(): pass
    """)
    (test,) = project.child().tests
    assert (len(test.uses), test.got) == (1, frozenset()), "not named alone"


def test_the_sidecar_agrees_with_the_mutant(project):
    """The mistake was made before the sidecar: only what a test knows by itself differs."""
    project.write(
        """
        import hashlib
        from registry.digests import array_digest, content_digest

        def test_agrees(tones_v1):
            data, sidecar = tones_v1.path.read_bytes(), tones_v1.sidecar
            assert hashlib.sha256(data).hexdigest() == sidecar.sha256_checksum
            assert len(data) == sidecar.size
            assert content_digest(tones_v1) == sidecar.content_sha256
            assert array_digest(tones_v1.samples) == sidecar.arrays["samples"]["sha256"]
            assert not tones_v1.samples.flags.writeable
            assert tones_v1.name == "tones_v1"

        def test_literal(tones_v1):
            assert tones_v1.sidecar.sha256_checksum == "%s"
    """.replace("%s", project.tones.sidecar.sha256_checksum)
    )
    found = project.child(mistake="scaled")
    assert [test.outcome for test in found.tests] == ["passed", "failed"], found


def test_another_fixture_stays_as_it_is(project):
    """A mistake is planted in one fixture, and not in what has another name or other bytes."""
    project.write("""
        def test_it(noise_v1):
            assert noise_v1.samples.max() == 1
    """)
    (test,) = project.child(mistake="scaled").tests
    assert test.outcome == "passed", test.reason


def test_only_the_tests_of_the_plan_are_run(project):
    """And of the files that hold none of them, none is collected."""
    project.write("def test_one(): pass\ndef test_two(): pass\n")
    project.write("raise RuntimeError", "test_other.py")
    found = project.child(tests=["test_it.py::test_two"])
    assert [test.name for test in found.tests] == ["test_it.py::test_two"], "others were run"
    assert found.code == 0, "others were collected"


def test_a_crash_leaves_what_came_before(project):
    """The journal names the test in which the process ended, and says of no end."""
    project.write("""
        import os

        def test_one(): pass
        def test_two(): os._exit(7)
    """)
    found = project.child()
    assert [test.name for test in found.tests] == ["test_it.py::test_one"], "not what came before"
    assert (found.last_started, found.code) == ("test_it.py::test_two", None), "an end, or none"


def test_what_is_left_for_the_end_is_done(project):
    """A test that registers something for the end of the process finds it done, once."""
    project.write("""
        import atexit, pathlib

        def test_it():
            atexit.register(lambda: pathlib.Path("end.txt").open("a").write("done"))
    """)
    assert project.child().code == 0, "no clean end"
    assert (project.path / "end.txt").read_text() == "done", "not done, or twice"


REASONS = {
    "assert [1] == [1, 2]": "assert [1] == [1, 2]",
    "assert 0, 'the\\nlines  of it'": "AssertionError: the lines of it",
    "raise ValueError('a' * 100 + ' ' + 'b' * 100)": f"ValueError: {'a' * 100} …",
    "pytest.fail('in\\n two lines')": "Failed: in two lines",
    "pytest.fail('above\\nthe last', pytrace=False)": "Failed: above the last",
    "pytest.skip('not\\ntoday')": "Skipped: not today",
}


def test_reasons_are_one_line(project):
    """Of an assertion what was asserted, of another error its whole message."""
    lines = [f"def test_{n}():\n    {text}\n" for n, text in enumerate(REASONS)]
    (project.path / "test_it.py").write_text("\n".join(["import pytest\n", *lines]))
    assert [test.reason for test in project.child().tests] == [*REASONS.values()], "other reasons"


@pytest.mark.parametrize("options", ["-n auto", "-d --tx popen"])
def test_xdist_distributes_nothing(project, options, monkeypatch):
    """Whatever the ini file asks for: a worker would know nothing of the plan."""
    monkeypatch.setenv("PYTEST_PLUGINS", "fixture_registry.pytest_plugin,xdist.plugin")
    project.configure(addopts=options)
    project.write("def test_it(tones_v1): assert tones_v1.samples.max() < 1.5")
    (test,) = project.child(mistake="scaled").tests
    assert (test.outcome, len(test.got)) == ("failed", 1), "run elsewhere"


COVERAGE = """
    import pathlib

    def pytest_addoption(parser):
        parser.addoption("--cov", action="append", dest="cov_source", default=[])
        parser.addoption("--cov-fail-under", dest="cov_fail_under")

    class Cov:
        def pytest_sessionfinish(self, session):
            pathlib.Path(".coverage").touch()
            session.exitstatus = 1

    def pytest_load_initial_conftests(early_config):
        if early_config.known_args_namespace.cov_source:
            early_config.pluginmanager.register(Cov(), "_cov")
"""


def test_coverage_is_not_measured(project, monkeypatch):
    """A plugin that starts as pytest-cov does neither writes its file nor fails the run."""
    project.write(COVERAGE, "stand_in_for_cov.py")
    monkeypatch.syspath_prepend(project.path)
    monkeypatch.setenv("PYTEST_PLUGINS", "fixture_registry.pytest_plugin,stand_in_for_cov")
    project.configure(addopts="--cov=somewhere --cov-fail-under=100")
    project.write("def test_it(tones_v1): pass")
    assert project.child().code == 0, "it failed the run"
    assert not (project.path / ".coverage").exists(), "it wrote its file"
