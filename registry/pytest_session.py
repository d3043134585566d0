"""One process of a pytest run: which registry, what is loaded, what missing bytes mean.

Imported by the plugin at every start for the header line: what reads fixtures is imported later.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from registry import files
from registry.digests import sha256
from registry.environment import CI, REGISTRY, is_offline, spelling, value
from registry.errors import AbsentBytesError, RegistryError, UsageError, printable
from registry.storage.root import find_root, is_root, is_url, locate

if TYPE_CHECKING:
    from registry.declare.deprecation import Deprecation
    from registry.fixture import Fixture
    from registry.identity.pins import Pin

_OPTION = "fixtures_registry"
_ROOT = "fixtures_root"
# The section of `params.yaml`, in the block style of `docs/life-of-a-version.md`, and its entries.
_DEPRECATED = re.compile(rb"^deprecated:[ \t]*\n((?:[ \t#].*\n|\n)*)", re.MULTILINE)
_ENTRY = re.compile(rb"^[ \t]+(\w+_v[0-9]\w*):", re.MULTILINE)
# A stage of the lock whose command, over however many lines, says so.
_DOUBT = b"undecided"
_UNDECIDED = re.compile(
    rb"^  fixture@(\w+):\n    cmd: .*(?:\n      .*)*?(?<=\s)undecided\s", re.MULTILINE
)


def registry_root(named: str, rootdir: Path, *, offline: bool | None = None) -> Path:
    """Top folder of the registry that a test run uses.

    ``$FIXTURES_REGISTRY``, so that a run can be pointed elsewhere; else ``named``, the ini option's
    value; else the nearest at or above the rootdir.

    Parameters
    ----------
    named : str
        Empty, a path relative to the rootdir, or ``git+URL@REVISION``.
    rootdir : path
        Pytest's.
    offline : bool, optional
        Never ask git for a newer revision. Default: whether ``$FIXTURES_OFFLINE`` is set.

    Raises
    ------
    UsageError
        There is none, or no such revision of it.
    MissingError
        It is named by a URL that cannot be reached, and was not used before.
    """
    variable = value(REGISTRY)
    if variable or is_url(named):
        try:
            return locate(None if variable else named, offline=offline)
        except RegistryError as error:
            raise error.but(remedy=f"correct {_naming()}; {error.remedy}") from None
    if not named:
        try:
            return find_root(rootdir)
        except UsageError as error:
            raise error.but(
                remedy=f"name the registry by the ini option {_OPTION}, a path or "
                f"git+URL@REVISION, or by {REGISTRY}"
            ) from None
    root = (rootdir / named).resolve()
    if is_root(root):
        return root
    raise UsageError(
        f"ini option {_OPTION}",
        expected="the path of a registry's top folder, relative to pytest's rootdir; "
        "or git+URL@REVISION",
        found=f"no dvc.lock in {root}",
        remedy=f"correct {_OPTION}, or set {REGISTRY} to the registry's path",
    )


def _naming() -> str:
    """What names the registry, where anything does."""
    return f"${spelling(REGISTRY)}" if value(REGISTRY) else f"the ini option {_OPTION}"


class PytestSession:
    """What one process has loaded from the registry. Each fixture is verified once.

    ``used`` holds the names of fixtures that tests asked for, present or not; ``skips`` the reasons
    of skips for absent bytes.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._named = str(config.getini(_OPTION))
        self._rootdir = config.rootpath
        self._invoked_in = config.invocation_params.dir
        asked_offline = config.getoption("fixtures_offline") or config.getini("fixtures_offline")
        # None leaves it to $FIXTURES_OFFLINE
        self._offline = True if asked_offline else None
        self._strict = bool(
            config.getoption("fixtures_strict") or config.getini("fixtures_strict") or value(CI)
        )
        self._root: Path | RegistryError | None = _handed_over(config)
        self._outcomes: dict[str, Fixture | RegistryError] = {}
        self._deprecated: dict[str, Deprecation | None] = {}
        self.used: set[str] = set()
        self.skips: set[str] = set()

    @property
    def root(self) -> Path:
        """The registry's top folder; as `registry_root`, but asked only once."""
        if self._root is None:
            try:
                self._root = registry_root(self._named, self._rootdir, offline=self._offline)
            except RegistryError as error:
                self._root = error
        if isinstance(self._root, RegistryError):
            raise self._root.with_traceback(None)
        return self._root

    def hand_over(self, worker: dict[str, Any]) -> None:
        """Tell an xdist worker where the registry is, where finding out takes more than a look.

        So git is asked once, and a branch that moves meanwhile moves for none of them.
        """
        if is_url(self._asked_for()):
            with suppress(RegistryError):
                worker[_ROOT] = str(self.root)

    def load_in_test(self, address: str, *, writable: bool) -> Fixture:
        """Arrays for a caller inside a test, whose own line is the last of the traceback.

        Raises
        ------
        RegistryError
            Of any kind; of a missing fixture only where that is no skip.
        """
        __tracebackhide__ = True
        fixture = self._load_or_skip(address)
        self._warn_if_deprecated(fixture.name, stacklevel=4)
        return _copied(fixture) if writable else fixture

    def set_up(self, address: str) -> Fixture:
        """Arrays for a pytest fixture. Where there are none, no traceback could help."""
        try:
            fixture = self._load_or_skip(address)
        except RegistryError as error:
            message = str(error)
        else:
            self._warn_if_deprecated(fixture.name, stacklevel=2)
            return fixture
        pytest.fail(message, pytrace=False)

    def require(self, marker: pytest.Mark, item: pytest.Item) -> None:
        """Verify the fixtures that a marker names."""
        names = [name for name in marker.args if isinstance(name, str)]
        if not names or marker.kwargs or len(names) < len(marker.args):
            given = [repr(value) for value in marker.args]
            given += [f"{key}={value!r}" for key, value in marker.kwargs.items()]
            error = UsageError(
                f"marker of {item.nodeid}",
                expected="names of fixtures, as in @pytest.mark.fixtures('minimal_dataset_v1')",
                found=f"fixtures({', '.join(given)})",
                remedy="correct the marker; fixtures list prints the names",
            )
            pytest.fail(str(error), pytrace=False)
        for name in names:
            self.set_up(name)

    def header(self) -> list[str]:
        """Lines for the head of the run; none where no registry is named or near."""
        asked_for = self._asked_for()
        if self._root is None and is_url(asked_for):
            from registry.storage.dvc_config import redact_urls

            # no run waits for git only to be told more
            return [printable(", ".join([f"fixtures: {redact_urls(asked_for)}", *self._mode()]))]
        try:
            root, text, pinned = self.root, b"", "dvc.lock cannot be read"
        except RegistryError as error:
            return [printable(f"fixtures: no registry: {error.found}")] if asked_for else []
        with suppress(OSError):
            if (root / "dvc.lock").is_file():
                text = files.read(root / "dvc.lock")
                pinned = f"dvc.lock {sha256(text)[:12]}"
            else:
                pinned = "no dvc.lock"
        used = ", ".join([f"fixtures: {root}", pinned, *self._mode()])
        return list(map(printable, [used, *self._outdated(), *self._undecided(text)]))

    def _outdated(self) -> Iterator[str]:
        """A line on all that the registry deprecates.

        The declaration is searched and not parsed, as the lock is: a run that asks for no fixture
        would pay for a parser. One that uses a deprecated fixture is warned from the parsed text.
        """
        with suppress(OSError):
            section = _DEPRECATED.search(files.read(self.root / "params.yaml"))
            names = _ENTRY.findall(section[1]) if section else []
            if names:
                yield f"fixtures: deprecated: {', '.join(name.decode() for name in names)}"

    def _undecided(self, lock: bytes) -> Iterator[str]:
        """A line on each fixture whose checks are declared as undecided.

        The lock is searched and not parsed, and only sidecars of what is found are read: few
        registries have any, and every run in all the others would pay for it.
        """
        if _DOUBT not in lock:
            return
        from registry import field, loading
        from registry.identity import pins

        for name in (match[1].decode() for match in _UNDECIDED.finditer(lock)):
            doubt = f"its sidecar cannot be read; to mend: fixtures verify {name}"
            subject = "checks"
            with suppress(RegistryError):
                pin = pins.find(self.root, name)
                record = loading.read_sidecar(self.root, pin, offline=True)
                doubt, subject = record.doubt, field.of(record.field).subject
            if doubt:
                yield f"fixtures: {name}: {subject} undecided: {doubt}"

    def report(self) -> Iterator[str]:
        """Lines on fixtures that the run did not use, and on deprecated ones that it did."""
        from registry.declare import deprecation
        from registry.identity import pins

        try:
            known = pins.read(self.root)
            names = list(known)
            deprecated = [
                deprecation.of(self.root, known[name]) for name in names if name in self.used
            ]
        except RegistryError as error:
            yield str(error)
            return
        unused = [name for name in names if name not in self.used]
        yield f"used: {len(names) - len(unused)} of {len(names)} pinned fixtures"
        yield from (f"unused: {name}" for name in unused)
        yield from (f"deprecated: {found}" for found in deprecated if found)

    def _load_or_skip(self, address: str) -> Fixture:
        __tracebackhide__ = True
        outcome = self._outcome(address)
        if isinstance(outcome, AbsentBytesError) and not self._strict:
            said = printable(f"{outcome.subject}: {outcome.found}; to mend: {outcome.remedy}")
            self.skips.add(said)
            pytest.skip(said)
        if isinstance(outcome, RegistryError):
            # neither our frames nor those of the test before
            raise outcome.with_traceback(None)
        from registry import loading

        return loading.hand_out(outcome)

    def _outcome(self, address: str) -> Fixture | RegistryError:
        """A fixture, or the error that it gave at first: nothing is fetched or verified twice."""
        if not isinstance(address, str):
            # no name for an outcome, perhaps not even a key: the error says so
            return self._read(address)
        if address not in self._outcomes:
            self._outcomes[address] = self._read(address)
        return self._outcomes[address]

    def _read(self, address: str) -> Fixture | RegistryError:
        from registry import loading
        from registry.declare.deprecation import FixtureDeprecationWarning

        try:
            name = loading.resolve(self.root, address).name
            self.used.add(name)
            if name != address:
                # the same arrays, whatever they are called
                return self._outcome(name)
            with warnings.catch_warnings():
                # warned of for each test, not only for the first to load it
                warnings.simplefilter("ignore", FixtureDeprecationWarning)
                return loading.load(name, self.root, offline=self._offline)
        except RegistryError as error:
            return self._placed(error)

    def _placed(self, error: RegistryError) -> RegistryError:
        """The error, with the folder that its command is for where that is another.

        A registry by URL has no folder to run anything in; there, what names it may be wrong.
        """
        if not isinstance(self._root, Path):
            return error
        if is_url(self._asked_for()):
            return error.but(remedy=f"{error.remedy}; {_naming()} names the registry")
        if self._root.resolve() == self._invoked_in.resolve():
            return error
        return error.but(remedy=f"{error.remedy} (in {self._root})")

    def _warn_if_deprecated(self, name: str, stacklevel: int) -> None:
        from registry.declare import deprecation
        from registry.identity import pins

        if name not in self._deprecated:
            # once: looking for imports walks the repository
            self._deprecated[name] = deprecation.of(self.root, pins.find(self.root, name))
        found = self._deprecated[name]
        if found is not None:
            warnings.warn(str(found), deprecation.FixtureDeprecationWarning, stacklevel=stacklevel)

    def _asked_for(self) -> str:
        return value(REGISTRY) or self._named

    def _mode(self) -> tuple[str, str]:
        return (
            "offline" if is_offline(self._offline) else "online",
            f"missing bytes {'fail' if self._strict else 'skip'}",
        )


def pytest_fixtures(session: PytestSession) -> ModuleType:
    """A plugin of pytest fixtures, one for each pinned fixture.

    Raises
    ------
    pytest.UsageError
        The pins cannot be read.
    """
    from registry.identity import pins

    try:
        found = pins.read(session.root)
    except RegistryError as error:
        raise pytest.UsageError(str(error)) from None
    module = ModuleType("fixture_registry_pinned")
    for pin in found.values():
        setattr(module, pin.name, _pytest_fixture(session, pin))
    return module


def _pytest_fixture(session: PytestSession, pin: Pin) -> Any:
    def pinned() -> Fixture:
        return session.set_up(pin.name)

    # what `pytest --fixtures` shows
    pinned.__doc__ = f"Verified, read-only arrays of {pin.path}."
    return pytest.fixture(scope="session", name=pin.name)(pinned)


def _handed_over(config: pytest.Config) -> Path | None:
    """What `PytestSession.hand_over` left here, if this machine has it."""
    root = getattr(config, "workerinput", {}).get(_ROOT)
    return Path(root) if root and Path(root).is_dir() else None


def _copied(fixture: Fixture) -> Fixture:
    from dataclasses import replace

    return replace(fixture, arrays={name: array.copy() for name, array in fixture.items()})
