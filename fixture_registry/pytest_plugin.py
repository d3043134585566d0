"""The pytest plugin: fixtures of the registry in any test suite. See docs/pytest-plugin.md.

Installed with the package, so every pytest run in the environment loads it, used or not. Hence it
only declares; `registry.pytest_session` does the work and is imported when there is some: when a
test or an option asks for fixtures. Before that nothing by the name `registry` stays imported, for
collection may yet put a folder on Python's path that has a module of that name, which is then what
its tests mean.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from fixture_registry import message, shadow

if TYPE_CHECKING:
    from registry.fixture import Fixture
    from registry.pytest_session import PytestSession

# What a report of a skip for absent bytes has: the reason.
_ABSENT = "fixtures_absent"
_KEY = pytest.StashKey["PytestSession"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare options; an ini option and its command line option have one meaning."""
    group = parser.getgroup("fixture registry")
    offline = "never ask the remote for fixtures, nor git for a registry"
    strict = "fail tests whose fixtures are missing instead of skipping them; implied by $CI"
    group.addoption("--fixtures-offline", action="store_true", help=offline)
    group.addoption("--fixtures-strict", action="store_true", help=strict)
    group.addoption(
        "--fixtures-report",
        action="store_true",
        help="list unused and deprecated fixtures at the end of the run",
    )
    parser.addini(
        "fixtures_registry",
        "the registry's top folder, relative to the rootdir, or git+URL@REVISION (default: the "
        "nearest at or above the rootdir)",
        default="",
    )
    parser.addini(
        "fixtures_as_fixtures",
        "make each pinned fixture a session-scoped pytest fixture of its own name",
        type="bool",
        default=False,
    )
    parser.addini("fixtures_offline", offline, type="bool", default=False)
    parser.addini("fixtures_strict", strict, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        "fixtures(name, ...): fixtures of the registry that the test needs; they are verified "
        "before it runs, and where one is missing it is skipped, or fails under $CI",
    )


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which registry is in use, at which lock, in which mode, and what is undecided in it."""
    if _KEY in config.stash:
        return config.stash[_KEY].header()
    if (found := shadow()) is not None:
        named = config.getini("fixtures_registry") or config.getini("fixtures_as_fixtures")
        return [f"fixtures: none: `import registry` finds {found}"] if named else []
    with _for_a_moment():
        from registry.pytest_session import PytestSession

        return PytestSession(config).header()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Make pytest fixtures of the pinned ones, where the ini option asks for it."""
    config = session.config
    if config.getini("fixtures_as_fixtures"):
        try:
            ours = _session(config)
        except _Shadowed as error:
            raise pytest.UsageError(str(error)) from None
        from registry.pytest_session import pytest_fixtures

        config.pluginmanager.register(pytest_fixtures(ours), "fixture_registry_pinned")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Verify what the marker names, before any pytest fixture is set up."""
    for marker in item.iter_markers("fixtures"):
        _session_of_test(item.config).require(marker, item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Mark the report of a skip for absent bytes; from an xdist worker the mark comes along."""
    report = yield
    if report.skipped and call.excinfo is not None and _KEY in item.config.stash:
        reason = getattr(call.excinfo.value, "msg", None)
        if reason in _session(item.config).skips:
            setattr(report, _ABSENT, reason)
    return report


@pytest.fixture(scope="session")
def load_fixture(pytestconfig: pytest.Config) -> Callable[..., Fixture]:
    """Load a fixture of the registry: ``load_fixture("minimal_dataset_v1")``.

    Arrays are verified once per process and read-only. With ``writable=True`` they are fresh
    copies, the caller's own. Where bytes are missing the test is skipped, or fails under ``$CI``.
    """
    session = _session_of_test(pytestconfig)

    def load(address: str, *, writable: bool = False) -> Fixture:
        __tracebackhide__ = True
        return session.load_in_test(address, writable=writable)

    return load


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what an xdist worker used to the process that reports."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None and session.config.getoption("fixtures_report"):
        ours = session.config.stash.get(_KEY, None)
        output["fixtures_used"] = sorted(ours.used) if ours else []


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker that is about to start where the registry is."""
    # in this process no test runs: what is imported here is in nobody's way
    if shadow() is None:
        _session(node.config).hand_over(node.workerinput)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take in what an xdist worker used. A crashed one sends nothing."""
    used = getattr(node, "workeroutput", {}).get("fixtures_used", [])
    if used and shadow() is None:
        _session(node.config).used.update(used)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which tests were skipped for absent bytes; print the report, where it was asked for."""
    skips = terminalreporter.stats.get("skipped", [])
    absent = Counter(filter(None, (getattr(skip, _ABSENT, None) for skip in skips)))
    if absent:
        terminalreporter.section("absent bytes")
    for reason, number in absent.items():
        terminalreporter.line(f"{number} test{'s' * (number > 1)} skipped: {reason}")
    if config.getoption("fixtures_report"):
        terminalreporter.section("fixtures")
        for line in _report(config):
            terminalreporter.line(line)


def _report(config: pytest.Config) -> Iterator[str]:
    try:
        session = _session(config)
    except _Shadowed as error:
        yield from str(error).splitlines()
    else:
        yield from session.report()


class _Shadowed(Exception):
    """Another module has our package's name."""


def _session(config: pytest.Config) -> PytestSession:
    """What this process has loaded; from here on `registry` is ours.

    Raises
    ------
    _Shadowed
        It is another's.
    """
    if _KEY not in config.stash:
        if (found := shadow()) is not None:
            raise _Shadowed(message("fixtures of the registry", found))
        from registry.pytest_session import PytestSession

        config.stash[_KEY] = PytestSession(config)
    return config.stash[_KEY]


def _session_of_test(config: pytest.Config) -> PytestSession:
    """As `_session`, for a test or a pytest fixture, where no traceback could help."""
    try:
        return _session(config)
    except _Shadowed as error:
        said = str(error)
    pytest.fail(said, pytrace=False)


@contextmanager
def _for_a_moment() -> Iterator[None]:
    """Forget afterwards what of our package was imported, unless it was there before."""
    was_there = "registry" in sys.modules
    try:
        yield
    finally:
        if not was_there:
            for name in [name for name in sys.modules if name.partition(".")[0] == "registry"]:
                del sys.modules[name]
