"""Tests of a whole run: a suite on sound fixtures, and on each mutant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry import temporary
from registry.arrays import mistakes
from registry.errors import CheckError, UsageError
from registry.mistake import Mistake
from registry.mutants import campaign
from registry.mutants.campaign import Campaign
from registry.mutants.children import Children
from tests.kit.files import tree
from tests.kit.processes import git

SHAPES = """
    import hashlib

    def test_shapes(tones_v1):
        assert tones_v1.samples.shape == (8, 32)
        assert tones_v1.frequency.shape == (8,)

    def test_checksum(tones_v1):
        digest = hashlib.sha256(tones_v1.path.read_bytes()).hexdigest()
        assert digest == tones_v1.sidecar.sha256_checksum
"""
PITCH = """
    import numpy

    def test_pitch(tones_v1):
        phase = numpy.outer(tones_v1.frequency, numpy.arange(1, 33)) * 0.1
        assert numpy.array_equal(numpy.sin(phase).astype("<f4"), tones_v1.samples)
"""


@pytest.fixture
def run(project, tmp_path, monkeypatch):
    """Run the project's suite; the verdicts by the names of mutants."""
    temporary_files = tmp_path / "temporary"
    temporary_files.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary_files))

    def run(*arguments, jobs=2):
        try:
            with temporary.folder("mutants") as folder, Children() as running:
                found = Campaign(arguments, folder, running)
                found.run_sound()
                found.run_alone()
                results = found.run_mutants(jobs, lambda result: None)
        finally:
            assert list(temporary_files.iterdir()) == [], "files were left behind"
        return {item.mutant.name: item.verdict for item in results}

    return run


def outcomes(found):
    """Outcomes by the names of mistakes."""
    return {name.partition(": ")[2]: verdict.outcome for name, verdict in found.items()}


@pytest.mark.slow
def test_what_each_test_notices(project, run):
    """Shapes and a checksum let all pass but what changes a shape; one assertion more does not."""
    project.write(SHAPES + PITCH)
    by_test = {}
    for name, verdict in run().items():
        by_test.setdefault(verdict.test.partition("::")[2], []).append(name.partition(": ")[2])
    assert by_test.pop("test_shapes") == ["transposed", "truncated"], f"{by_test}"
    assert by_test.pop("") == ["widened_dtype"], "others survived, or were not planted"
    assert list(by_test) == ["test_pitch"], f"noticed by what is recomputed alone: {by_test}"


def test_each_fixture_has_mutants_of_its_own(project, run, only):
    """What a test of one notices says nothing of the other; the first that fails is named."""
    only("scaled")
    project.write("""
        def test_one(tones_v1): pass
        def test_two(tones_v1): assert tones_v1.samples.max() < 1.5, "too loud"
        def test_three(tones_v1): assert tones_v1.samples.max() < 1.4
        def test_four(noise_v1): pass
    """)
    found = {name: (it.outcome, it.test, it.reason) for name, it in run().items()}
    assert found == {
        "tones_v1: scaled": ("noticed", "test_it.py::test_two", "AssertionError: too loud"),
        "noise_v1: scaled": ("survived", "", ""),
    }, f"{found}"


def test_arguments_of_pytest(project, run, only):
    """What they leave out is run on no mutant."""
    only("scaled")
    project.write("""
        def test_one(tones_v1): pass
        def test_two(tones_v1): assert tones_v1.samples.max() < 1.5
    """)
    asked = "test_it.py::test_one", "test_it.py::test_two", "-k", "one"
    assert outcomes(run(*asked)) == {"scaled": "survived"}, "another test was run"


def test_a_registry_by_url(project, run, only, monkeypatch, tmp_path):
    """It is fetched for the sound run, and not once more for each mistake."""
    only("scaled", "nan")
    monkeypatch.setenv("FIXTURES_CACHE", str(tmp_path / "user-cache"))
    git(project.root, "init", "--quiet")
    git(project.root, "add", ".")
    git(project.root, "commit", "--quiet", "--message", "pins")
    # to ask for it again in vain is a warning
    url = f"git+{project.root.as_uri()}@main"
    project.configure(fixtures_registry=url, filterwarnings="error")
    project.write("def test_it(tones_v1): assert tones_v1.samples.max() < 1.5")
    moved = project.root.with_name("moved")
    run_sound = Campaign.run_sound

    def and_out_of_reach(self):
        run_sound(self)
        project.root.rename(moved)

    monkeypatch.setattr(Campaign, "run_sound", and_out_of_reach)
    assert outcomes(run()) == {"scaled": "noticed", "nan": "noticed"}, "asked for again"


def test_no_mistake_here(project, run, monkeypatch):
    """A mistake that changes nothing is told, and no test is run for it."""
    nothing = Mistake(name="it", meaning="it", test="it", plant=lambda arrays: {})
    monkeypatch.setattr(mistakes, "MISTAKES", (nothing,))
    project.write("""
        import pathlib

        def test_it(tones_v1):
            with open("runs.txt", "a") as file:
                file.write("run\\n")
    """)
    assert outcomes(run()) == {"it": "no mistake here"}, "another outcome"
    # the whole suite, and its tests alone
    assert (project.path / "runs.txt").read_text() == "run\n" * 2, "run for nothing"


def test_mistakes_that_cannot_be_planted(project, run, monkeypatch):
    """A field's own failure is told, whatever it is, and ends nothing."""

    def failing(error):
        def plant(arrays):
            raise error("three axes")

        return Mistake(name=error.__name__, meaning="it", test="it", plant=plant)

    errors = (ValueError, KeyError, AttributeError)
    monkeypatch.setattr(mistakes, "MISTAKES", tuple(map(failing, errors)))
    project.write("def test_it(tones_v1): pass")
    found = run()
    assert set(outcomes(found)) == {error.__name__ for error in errors}, "one is left out"
    for name, verdict in found.items():
        assert verdict.outcome == "broke", "another outcome"
        said = f"it cannot be planted: {name.partition(': ')[2]}: "
        assert verdict.reason.startswith(said), verdict.reason
        assert "three axes" in verdict.reason, "not its own"


def test_not_planted(project, run, only):
    """A test that a marker alone joins to the fixture has not noticed, and let nothing pass."""
    only("scaled")
    project.write("""
        import pytest

        @pytest.mark.fixtures("tones_v1")
        def test_it(): pass
    """)
    assert outcomes(run()) == {"scaled": "not planted"}, "survived a test that did not have it"


def test_a_replacement_that_fails(project, run, only, monkeypatch):
    """Where the mutant does not reach the tests, it is not planted, and has not survived."""
    only("scaled")
    plan = Campaign._plan
    monkeypatch.setattr(
        Campaign,
        "_plan",
        lambda *of, keep="", **_: plan(*of, keep=keep, replaced=False),
    )
    project.write("def test_it(tones_v1): pass")
    assert outcomes(run()) == {"scaled": "not planted"}, "survived, and nothing was planted"


def test_nothing_is_touched(project, run, only):
    """Neither the project nor the registry, nor pytest's cache, nor coverage's file."""
    only("scaled")
    project.write("""
        def test_it(tones_v1, tmp_path, cache):
            cache.set("a/b", tmp_path.name)
            assert tones_v1.samples.max() < 1.5
    """)
    before = tree(project.path, "."), tree(project.root, ".")
    assert outcomes(run("--junitxml", "junit.xml")) == {"scaled": "noticed"}, "another outcome"
    after = tree(project.path, "."), tree(project.root, ".")
    kept = [{name: v for name, v in part.items() if "__pycache__" not in name} for part in after]
    assert kept == [*before], "files were changed or left behind"


def test_examples_of_hypothesis(project, run, only):
    """Examples that fail with a mistake are not kept in the project."""
    only("scaled")
    project.write("""
        import hypothesis
        from hypothesis import strategies

        @hypothesis.settings(suppress_health_check=list(hypothesis.HealthCheck))
        @hypothesis.given(row=strategies.integers(0, 7))
        def test_it(tones_v1, row):
            assert tones_v1.samples[row].max() < 1.5
    """)
    assert outcomes(run()) == {"scaled": "noticed"}, "another outcome"
    assert not (project.path / ".hypothesis").exists(), "kept"


def test_each_mistake_begins_anew(project, run, only):
    """What failed under one is not all that is run under the next, whatever the options say."""
    only("scaled", "truncated")
    project.configure(addopts="--last-failed")
    project.write("""
        def test_loud(tones_v1): assert tones_v1.samples.max() < 1.5
        def test_all(tones_v1): assert len(tones_v1.samples) == 8
    """)
    found = {name.partition(": ")[2]: verdict.test for name, verdict in run(jobs=1).items()}
    assert found == {"scaled": "test_it.py::test_loud", "truncated": "test_it.py::test_all"}


class TestSound:
    """Suites that cannot notice anything."""

    def test_a_test_that_fails(self, project, run):
        """It fails already: the first is named, with its reason and a way to leave it out.

        The command that does so has the arguments that were given.
        """
        project.write("""
            def test_one(tones_v1): pass
            def test_two(): assert 1 == 2
        """)
        with pytest.raises(CheckError) as caught:
            run("test_it.py", "-k", "not x")
        error = caught.value
        assert error.subject == "fixtures mutants: the tests on sound fixtures", error
        assert error.found == "1 that fail, first test_it.py::test_two: assert 1 == 2", error
        assert error.remedy.endswith(
            "fixtures mutants -- test_it.py -k 'not x' --deselect test_it.py::test_two"
        ), error

    def test_a_file_that_cannot_be_collected(self, project, run):
        """The same."""
        project.write("raise ValueError('no')")
        with pytest.raises(CheckError) as caught:
            run()
        assert caught.value.found == "1 that fail, first test_it.py: ValueError: no", caught.value
        assert caught.value.remedy.endswith("-- --ignore test_it.py"), caught.value

    def test_a_name_that_a_shell_would_split(self, project, run):
        """It is quoted where it is part of a command."""
        project.write("""
            import pytest

            @pytest.mark.parametrize("what", ["a b"])
            def test_it(what): assert 0
        """)
        with pytest.raises(CheckError, match=r"--deselect 'test_it\.py::test_it\[a b\]'"):
            run()

    def test_a_test_that_needs_others(self, project, run, only):
        """It would fail without them under each mistake, and would notice none."""
        only("scaled")
        project.write("""
            done = []

            def test_first(): done.append(1)
            def test_it(tones_v1): assert done
        """)
        with pytest.raises(
            CheckError, match=r"(?s)to pass without the others.*test_it: assert \[\]"
        ):
            run()

    def test_no_test_that_passes_uses_a_fixture(self, project, run):
        """There is nothing to plant a mistake in."""
        with pytest.raises(UsageError, match="none of 0 does"):
            run()
        project.write("""
            import pytest

            def test_without(): pass

            @pytest.mark.skip
            def test_skipped(tones_v1): pass

            @pytest.mark.xfail
            def test_expected_to_fail(tones_v1): assert 0
        """)
        with pytest.raises(UsageError, match="none of 3 does"):
            run()

    def test_wrong_use_of_pytest(self, project, run):
        """It is wrong use of this command; what pytest says is told."""
        with pytest.raises(UsageError) as caught:
            run("--nonsense")
        assert caught.value.expected == "arguments that pytest takes", caught.value
        assert "unrecognized arguments: --nonsense" in caught.value.found, caught.value

    def test_a_crash(self, project, run):
        """The test is named."""
        project.write("import os\n\ndef test_it(): os._exit(7)")
        with pytest.raises(CheckError, match=r"found: +exit code 7 in test_it\.py::test_it"):
            run()


class TestBroken:
    """Mutants under which a run comes to no good end."""

    @pytest.fixture(autouse=True)
    def _one(self, only):
        only("scaled")

    def verdict(self, run):
        """Outcome, test and reason of the only mutant."""
        (found,) = run().values()
        return found.outcome, found.test, found.reason

    def test_a_test_that_hangs(self, project, run, monkeypatch):
        """It is stopped, with what it has started."""
        monkeypatch.setattr(campaign, "PATIENCE_S", 1.0)
        monkeypatch.setattr(campaign, "PATIENCE", 1.0)
        project.write("""
            import pathlib, subprocess, sys, time

            def test_it(tones_v1):
                if tones_v1.samples.max() > 1.5:
                    code = "import time; time.sleep(60)"
                    started = subprocess.Popen([sys.executable, "-c", code])
                    pathlib.Path("pid.txt").write_text(str(started.pid))
                    time.sleep(60)
        """)
        outcome, test, reason = self.verdict(run)
        assert (outcome, test) == ("broke", "test_it.py::test_it"), "another outcome"
        assert reason.startswith("it came to no end within "), reason
        assert not _runs(int((project.path / "pid.txt").read_text())), "it runs on"

    def test_a_crash(self, project, run):
        """A process that ends in a test has noticed nothing."""
        project.write("""
            import os

            def test_it(tones_v1):
                if tones_v1.samples.max() > 1.5:
                    os._exit(0)
        """)
        reason = "the process ended there, with exit code 0"
        assert self.verdict(run) == ("broke", "test_it.py::test_it", reason), "not broken"

    def test_a_test_that_is_skipped(self, project, run):
        """It has not passed."""
        project.write("""
            import pytest

            def test_it(tones_v1):
                if tones_v1.samples.max() > 1.5:
                    pytest.skip("too loud")
        """)
        reason = "1 of 1 tests did not run to their end: test_it.py::test_it: Skipped: too loud"
        assert self.verdict(run) == ("broke", "", reason), "not broken"

    def test_a_test_that_is_gone(self, project, run):
        """Neither has one that is not there for these arrays."""
        project.write("""
            import pytest
            import registry

            loud = registry.load("tones_v1", "../registry").samples.max()

            @pytest.mark.parametrize("value", [float(loud)])
            def test_it(value): pass
        """)
        reason = "1 of 1 tests did not run to their end"
        assert self.verdict(run) == ("broke", "", reason), "not broken"

    def test_a_file_that_cannot_be_collected(self, project, run):
        """With what it loads itself, it notices."""
        project.write("""
            import registry

            assert registry.load("tones_v1", "../registry").samples.max() < 1.5

            def test_it(): pass
        """)
        outcome, test, reason = self.verdict(run)
        assert (outcome, test) == ("noticed", "test_it.py"), "not noticed"
        assert "assert" in reason, reason

    def test_a_test_that_catches_everything(self, project, run):
        """It passes, whatever is planted: the mistake survives."""
        project.write("""
            def test_it(tones_v1):
                try:
                    assert tones_v1.samples.max() < 1.5
                except BaseException:
                    pass
        """)
        assert self.verdict(run) == ("survived", "", ""), "another outcome"


def _runs(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # else it has ended, and nobody has asked how
    state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"
