"""Which test uses which fixture, also where another test, or an import, had it loaded."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple


class Place(NamedTuple):
    """Where a fixture is asked for: a test, a pytest fixture, a file that is collected.

    ``scope`` is the node id below which tests can see what was loaded there.
    """

    kind: str
    scope: str
    name: str = ""


# A module that is not the test's own is imported once, and whoever imports it later has what it
# loaded.
EVERYWHERE = Place("import", "")
_SETUP = "setup"


class Uses:
    """Addresses by the places where they were asked for.

    A test has *got* a fixture if it, or what is set up for it, asked for its arrays. A fixture that
    is only named, as in a marker, is used and not got: how the test reads it, nobody sees.
    """

    def __init__(self) -> None:
        self._within: list[Place] = []
        self._files: list[str] = []
        self._named: dict[Place, set[str]] = {}
        self._got: dict[Place, set[str]] = {}

    @contextmanager
    def within(self, place: Place) -> Iterator[None]:
        """What is asked for meanwhile counts for a place."""
        self._within.append(place)
        try:
            yield
        finally:
            self._within.remove(place)

    @contextmanager
    def collecting(self, scope: str, file: str) -> Iterator[None]:
        """What is asked for meanwhile counts for all tests of a file, or of a class in it."""
        self._files.append(file)
        try:
            with self.within(Place("collection", scope)):
                yield
        finally:
            self._files.pop()

    @contextmanager
    def setting_up(self, test: str) -> Iterator[None]:
        """What is handed out meanwhile, to no pytest fixture, is only named for the test."""
        with self.within(Place(_SETUP, test)):
            yield

    def handed_out(self, address: str) -> None:
        """A fixture was given to whoever asked."""
        places = self._places()
        self._note(self._named, places, address)
        if places[-1].kind != _SETUP:
            self._note(self._got, places, address)

    def looked_at(self, address: str) -> None:
        """Arrays of a fixture were asked for."""
        places = self._places()
        for found in (self._named, self._got):
            self._note(found, places, address)

    def of_test(self, test: str, fixtures: Iterable[str]) -> tuple[set[str], set[str]]:
        """Addresses that a test uses, and those that it has got.

        Parameters
        ----------
        test : str
            Its node id.
        fixtures : iterable of str
            Names of all pytest fixtures that are active for it.
        """
        names = set(fixtures)
        seen = [
            place
            for place in self._named
            if _below(test, place.scope) and (place.kind != "fixture" or place.name in names)
        ]
        return (
            set().union(*(self._named[place] for place in seen)),
            set().union(*(self._got.get(place, ()) for place in seen)),
        )

    def of_collection(self, scope: str) -> set[str]:
        """Addresses that were got while a file, or a class in it, was collected."""
        return self._got.get(Place("collection", scope), set())

    def _places(self) -> list[Place]:
        if self._imports_another() or not self._within:
            return [EVERYWHERE]
        return self._within

    def _imports_another(self) -> bool:
        """Whether a module is being imported that is not the file under collection."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_name == "<module>" and _is_module(frame.f_globals):
                return frame.f_code.co_filename not in self._files
            frame = frame.f_back
        return False

    @staticmethod
    def _note(found: dict[Place, set[str]], places: Iterable[Place], address: str) -> None:
        for place in places:
            found.setdefault(place, set()).add(address)


def _below(test: str, scope: str) -> bool:
    # the root is "." where it is a folder with a node of its own
    return scope in ("", ".", test) or test.startswith((f"{scope}::", f"{scope}/"))


def _is_module(names: Mapping[str, object]) -> bool:
    """Whether they are those of a module: not of the main program, nor of a doctest."""
    name = names.get("__name__")
    return name != "__main__" and getattr(sys.modules.get(str(name)), "__dict__", None) is names
