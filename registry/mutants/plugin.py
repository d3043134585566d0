"""The pytest plugin of a child process: which tests run, what each used, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten
from typing import Any

import pytest

from registry.mutants.journal import FAILED, OTHER, PASSED, Ran, Writer
from registry.mutants.plan import Plan
from registry.mutants.uses import Place, Uses

# Letters of a reason.
_WIDTH = 160
_WRAPPER = pytest.hookimpl(wrapper=True, tryfirst=True)


class Plugin:
    """Keeps a run to its plan, in one process, and writes its journal."""

    def __init__(self, plan: Plan, folder: Path, uses: Uses, writer: Writer) -> None:
        self._tests = set(plan.tests)
        self._files = list(plan.files)
        self._folder = folder
        self._uses = uses
        self._writer = writer
        self._reports: list[pytest.TestReport] = []
        self._active: tuple[str, ...] = ()

    @_WRAPPER
    def pytest_load_initial_conftests(self, early_config: pytest.Config) -> Iterator[None]:
        """Keep pytest-cov from starting: it would write, and fail where little is covered."""
        vars(early_config.known_args_namespace).update(cov_source=[], no_cov=True)
        return (yield)

    @_WRAPPER
    def pytest_cmdline_main(self, config: pytest.Config) -> Iterator[None]:
        """Set aside what would run tests elsewhere, wait for a person, or write to a file."""
        vars(config.option).update(
            # xdist's, as by -n0
            numprocesses=0,
            looponfail=False,
            usepdb=False,
            trace=False,
            xmlpath=None,
            basetemp=self._folder / "tmp",
        )
        if self._tests:
            config.option.maxfail = 1
            # all that they use was fetched when they ran on what is sound
            config.option.fixtures_offline = True
            # whole files: some node ids cannot be given as arguments
            config.args = self._files
        return (yield)

    @_WRAPPER
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        """Leave the tests of the plan."""
        yield
        if self._tests:
            items[:] = [item for item in items if item.nodeid in self._tests]

    @_WRAPPER
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[Any]:
        """Take what is loaded meanwhile for the file's, or the class's."""
        with self._uses.collecting(collector.nodeid, str(collector.path)):
            return (yield)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Write down what could not be collected."""
        if report.failed:
            got = frozenset(self._uses.of_collection(report.nodeid))
            self._writer.uncollected(
                Ran(
                    name=report.nodeid,
                    file=report.nodeid,
                    outcome=FAILED,
                    reason=_reason(report),
                    uses=got,
                    got=got,
                )
            )

    @_WRAPPER
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[Any]:
        """Take what is loaded meanwhile for the pytest fixture's, not for one test's."""
        with self._uses.within(Place("fixture", fixturedef.baseid, fixturedef.argname)):
            return (yield)

    @_WRAPPER
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        """Write down that a test began, how it ended, and what it used."""
        self._writer.started(item.nodeid)
        self._reports, self._active = [], ()
        with self._uses.within(Place("test", item.nodeid)):
            result = yield
        uses, got = self._uses.of_test(item.nodeid, self._active)
        outcome, reason = _outcome(self._reports)
        self._writer.ended(
            Ran(
                name=item.nodeid,
                file=str(item.path),
                outcome=outcome,
                reason=reason,
                uses=frozenset(uses),
                got=frozenset(got),
            )
        )
        return result

    @_WRAPPER
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """Take what is handed out to no pytest fixture for named: by a marker, say."""
        with self._uses.setting_up(item.nodeid):
            return (yield)

    @_WRAPPER
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        """Look up which pytest fixtures are active, also those that no signature names."""
        # the request of a test has no public name here, and its list is nowhere else
        request = getattr(item, "_request", None)
        self._active = tuple(getattr(request, "fixturenames", ()))
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in the outcome of a part of a test."""
        self._reports.append(report)


def _outcome(reports: list[pytest.TestReport]) -> tuple[str, str]:
    for report in reports:
        if report.failed:
            return FAILED, _reason(report)
    for report in reports:
        # a test that is expected to fail has reason enough to, whatever is planted
        if report.skipped or hasattr(report, "wasxfail"):
            return OTHER, _reason(report)
    called = any(report.when == "call" and report.passed for report in reports)
    return (PASSED, "") if called else (OTHER, "it was not called")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """What went wrong, or why a test was skipped, in one line."""
    said: Any = report.longrepr
    if isinstance(said, tuple):
        text = str(said[2])
    elif crash := getattr(said, "reprcrash", None):
        text = str(crash.message)
    else:
        # what pytest has shortened ends with the error
        text = str(said).strip().rpartition("\n")[2].removeprefix("E ")
    lines = text.strip().splitlines()
    for number, line in enumerate(lines):
        if line.removeprefix("AssertionError: ").startswith("assert "):
            # pytest explains the rest, at length; a message of the test's own stands before it
            lines = lines[: max(1, number)]
            break
    return shorten(" ".join(lines), _WIDTH, placeholder=" …")
