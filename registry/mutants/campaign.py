"""A suite on sound fixtures, and then once for each mistake."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from textwrap import shorten

from registry.errors import CheckError, UsageError
from registry.fixture import Fixture
from registry.mutants import children, journal, stored
from registry.mutants.children import Children, Ended
from registry.mutants.journal import FAILED, PASSED, Journal, Ran
from registry.mutants.mutant import Mutant, mutants_of
from registry.mutants.plan import Plan
from registry.mutants.result import Result
from registry.mutants.verdict import BROKE, NO_MISTAKE, Verdict, judge

# How much longer than on sound fixtures the tests may take, and what a start may take besides.
PATIENCE, PATIENCE_S = 5.0, 30.0
# Pytest's exit code where it does not take its arguments.
_WRONG_USE = 4
_SUBJECT = "fixtures mutants: the tests on sound fixtures"


class Campaign:
    """One suite, its fixtures, and the mutants of these.

    Parameters
    ----------
    arguments : sequence of str
        Pytest's.
    folder : path
        An empty one, for all that is written.
    running : Children
        Runs the processes.
    """

    def __init__(self, arguments: Sequence[str], folder: Path, running: Children) -> None:
        self._arguments = arguments
        self._folder = folder
        self._children = running
        self._tests: dict[str, list[Ran]] = {}
        self._limits_s: dict[str, float] = {}
        self.fixtures: dict[str, Fixture] = {}
        self.mutants: list[Mutant] = []
        self.tests = 0
        self.seconds = 0.0

    def run_sound(self) -> None:
        """Run all tests on the fixtures as they are, and see which use which.

        Raises
        ------
        CheckError
            A test fails, or the run came to no end.
        UsageError
            No test that passes uses a fixture.
        """
        sound = self._folder / "sound"
        kept = sound / "fixtures"
        kept.mkdir(parents=True)
        ended = self._children.run(self._plan(sound, keep=str(kept)), sound)
        found = journal.read(sound)
        _require_green(found, ended, sound, self._arguments)
        loaded = [stored.read(path) for path in sorted(kept.iterdir(), key=lambda p: int(p.name))]
        self.tests, self.seconds = len(found.tests), ended.seconds
        for fixture in loaded:
            address = stored.address(fixture)
            using = [t for t in found.tests if t.outcome == PASSED and address in t.uses]
            if using:
                self.fixtures[address], self._tests[address] = fixture, using
        if not self.fixtures:
            raise UsageError(
                "fixtures mutants",
                expected="tests that load a fixture of the registry, and pass",
                found=f"none of {len(found.tests)} does",
                remedy="name others, as for pytest: fixtures mutants tests/test_data.py",
            )
        self.mutants = [mutant for item in self.fixtures.values() for mutant in mutants_of(item)]

    @property
    def width(self) -> int:
        """Letters of the longest name of a mutant."""
        return max(len(mutant.name) for mutant in self.mutants)

    def tests_of(self, address: str) -> int:
        """How many tests use a fixture."""
        return len(self._tests[address])

    def run_alone(self) -> None:
        """Run the tests of each fixture without the others, on the fixture as it is.

        One that then fails would fail under every mistake, and would notice none.

        Raises
        ------
        CheckError
            A test fails.
        """
        for number, address in enumerate(self.fixtures):
            folder = self._folder / f"alone-{number}"
            folder.mkdir()
            ended = self._children.run(self._plan(folder, address, replaced=False), folder)
            found = journal.read(folder)
            _require_green(found, ended, folder, self._arguments, alone=True)
            self._limits_s[address] = PATIENCE_S + PATIENCE * ended.seconds

    def run_mutants(self, jobs: int, told: Callable[[Result], None]) -> list[Result]:
        """Run the tests of each mutant, so many at once, and tell of each as it ends."""
        # the children are stopped before the threads that wait for them are waited for
        with ThreadPoolExecutor(jobs) as pool, self._children:
            futures = [
                pool.submit(self._run, number, mutant) for number, mutant in enumerate(self.mutants)
            ]
            for future in as_completed(futures):
                told(future.result())
        return [future.result() for future in futures]

    def _run(self, number: int, mutant: Mutant) -> Result:
        folder = self._folder / f"mutant-{number}"
        folder.mkdir()
        try:
            return Result(mutant=mutant, verdict=self._verdict(mutant, folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _verdict(self, mutant: Mutant, folder: Path) -> Verdict:
        address = mutant.address
        try:
            planted = mutant.planted()
        except Exception as error:
            # a field's own function, which may fail in any way: the other mistakes are still told
            said = shorten(f"{type(error).__name__}: {error}", 160, placeholder=" …")
            return Verdict(outcome=BROKE, reason=f"it cannot be planted: {said}")
        if planted is None:
            return Verdict(outcome=NO_MISTAKE)
        stored.write(folder, planted)
        ended = self._children.run(
            self._plan(folder, address), folder, limit_s=self._limits_s[address]
        )
        found = journal.read(folder)
        tests, log = self._tests[address], children.log(folder)
        return judge(stored.address(planted), tests, found, ended, log)

    def _plan(
        self, folder: Path, address: str = "", *, replaced: bool = True, keep: str = ""
    ) -> Plan:
        tests = self._tests.get(address, [])
        return Plan(
            arguments=(
                # pytest's own stays as it is, and none reads what failed under another mistake
                "-o",
                f"cache_dir={folder / 'cache'}",
                # a child imports the registry before pytest does
                "-W",
                "ignore:Module already imported so cannot be rewritten; registry"
                ":pytest.PytestAssertRewriteWarning",
                *self._arguments,
            ),
            path=sys.path,
            # in the order in which they ran
            files=list(dict.fromkeys(test.file for test in tests)),
            tests=[test.name for test in tests],
            address=address if replaced else "",
            keep=keep,
        )


def cores() -> int:
    """How many processes this one may have running at once."""
    known = getattr(os, "sched_getaffinity", None)
    return len(known(0)) if known else os.cpu_count() or 1


def _require_green(
    found: Journal, ended: Ended, folder: Path, arguments: Sequence[str], *, alone: bool = False
) -> None:
    expected = "every test to pass, as one that fails already notices nothing"
    if alone:
        expected = "the tests that use a fixture to pass without the others, too"
    failed = [test for test in found.tests if test.outcome == FAILED]
    if bad := [*found.uncollected, *failed]:
        option = "--ignore" if found.uncollected else "--deselect"
        without = shlex.join([*arguments, option, bad[0].name])
        raise CheckError(
            _SUBJECT,
            expected=expected,
            found=f"{len(bad)} that fail, first {bad[0].name}: {bad[0].reason}",
            remedy=f"mend it, or leave it out: fixtures mutants -- {without}",
        )
    if found.code == _WRONG_USE:
        raise UsageError(
            "fixtures mutants",
            expected="arguments that pytest takes",
            found=f"others:\n{children.log(folder)}",
            remedy="mend what pytest says; this command's own options come before pytest's",
        )
    if found.code not in (0, 5):
        where = f" in {found.last_started}" if found.last_started else ""
        raise CheckError(
            _SUBJECT,
            expected=f"pytest to end with exit code 0; {expected}",
            found=f"exit code {found.code if found.code is not None else ended.code}{where}:\n"
            + children.log(folder),
            remedy="mend what pytest says; it gets the arguments of this command",
        )
