"""What the core asks of a field of science, and how it finds one.

A field knows what its arrays mean: which contracts there are, when a fixture is good, which
mistakes its data may carry, and how they are drawn. The core knows none of that, and no field. It
finds one by its name, which the schema of a generator gives (``"field": "audio"``) and a sidecar
records: a package of this one, a module of the registry's repository
(``fields/NAME.py``), or an entry point of the group ``fixture_registry.fields``. Each has
``FIELD``, a `Field`.

A repository's own module is imported by what builds its fixtures, and by nothing else: to look at
a fixture runs no code of the repository that it lies in. Pages of a field that cannot be found are
those of the neutral one, which can say something of any arrays.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module, util
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from registry.contract import Contract
from registry.errors import CheckError
from registry.failure import Failure
from registry.mistake import Mistake

if TYPE_CHECKING:
    import numpy as np

    from registry.page import Page, Section, Side, SourceArrays

GROUP = "fixture_registry.fields"
FOLDER = "fields"
NEUTRAL = "arrays"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What there is beside a fixture's arrays, when it is judged.

    Attributes
    ----------
    schemas : path
        The registry's schemas folder.
    contracts : tuple of str
        Files there that the arrays satisfy: their own, and then that of their canonical form,
        where that is another one.
    source : mapping of str to array
        Arrays of the source.
    declared : mapping
        What the source's stage says of it, and what its generator said: ``name``,
        ``declaration``, and what is the field's own.
    made : mapping
        What the generator said of the fixture: ``transformations``; ``canonical``, the arrays in
        the form that is judged, where it is another one; ``defect``, one that was planted.
    params : mapping
        The fixture's entry of ``params.yaml``.
    """

    schemas: Path
    contracts: tuple[str, ...]
    source: Mapping[str, Any]
    declared: Mapping[str, Any]
    made: Mapping[str, Any]
    params: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Acceptance:
    """What a field says of a fixture. Where there are ``failures``, the rest means nothing.

    ``checks`` are the measured figures; floats in them are rounded, so that all machines agree.
    ``verdict``, ``reason``, ``mistakes`` and ``details`` are as in
    `registry.identity.sidecar.Sidecar`. ``refused_by`` are the criteria that refuse a defect that
    was planted on purpose. ``summary`` is said when the fixture is built.
    """

    failures: Sequence[Failure]
    checks: Mapping[str, Any] = field(default_factory=dict)
    verdict: str = "checked"
    reason: str = ""
    mistakes: Mapping[str, Any] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    refused_by: Sequence[str] = ()
    summary: str = ""


class Field(ABC):
    """A field of science: a subclass says what is its own.

    What only draws and words is imported by name, in the methods that need it, so that code
    identity, which follows imports as they stand in the text, does not count it: a fixture is not
    built anew because a page looks different.

    Attributes
    ----------
    name : str
        As generators' schemas and sidecars have it.
    suite : str
        Its suite of checks, with a version: the first of its name, unless it says another.
    schema : str
        File in ``schemas/`` of what it adds to a sidecar; empty where it adds nothing.
    subject : str
        What its checks are about, in one word. An entry in ``params.yaml`` has it as a key where
        its data cannot tell: ``physics: undecided``.
    row : str
        What a fixture holds several of, in one word.
    claim : str
        What is true of a fixture that is checked.
    readers : str
        Module that opens files for generators whose schemas say ``"opens": true``, by its
        ``open_declared(path, params, subject=)``.
    rules : str
        Module whose ``check(subject, arrays)`` refuses a source's file that no generator can work
        with.
    source_arrays : tuple of str
        Arrays of a source, of one axis each, that its pages draw.
    on_card : mapping of str to str
        Pictures of a page that its card shows, and what they show; none: the first ones.
    """

    name = ""
    suite = ""
    schema = ""
    subject = "checks"
    row = "row"
    claim = "the arrays are what their contract says"
    readers = ""
    rules = ""
    source_arrays: tuple[str, ...] = ()
    on_card: Mapping[str, str] = MappingProxyType({})

    def __init_subclass__(cls) -> None:
        if "name" in vars(cls) and "suite" not in vars(cls):
            cls.suite = f"{cls.name}_v1"

    @abstractmethod
    def contract(self, file: str, schemas: Path | None = None) -> Contract:
        """What is known of the contract whose schema is ``file``, in a folder where it is here."""

    @abstractmethod
    def accept(self, arrays: Mapping[str, np.ndarray], context: Context) -> Acceptance:
        """Hold a fixture's arrays against every criterion; none hides another."""

    @abstractmethod
    def mistakes(self) -> Sequence[Mistake]:
        """The mistakes that its data may carry."""

    def read_by_row(self, declared: Mapping[str, Any]) -> tuple[str, ...]:
        """Arrays of a source that are too large to be read whole, and lie row after row."""
        return ()

    def meanings(self) -> Mapping[str, str]:
        """What its figures mean, by their names."""
        return {}

    @abstractmethod
    def images(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What a terminal can show of arrays, by name: images (Y, X), complex or real."""

    @abstractmethod
    def page(
        self, arrays: Mapping[str, np.ndarray] | None, record: Any, source: SourceArrays | None
    ) -> Page:
        """What the report says of a fixture, from its sidecar and, where verified, its arrays."""

    def compared(self, a: Side, b: Side) -> Sequence[Section]:
        """What a page of two fixtures shows, beside each array that differs."""
        return ()


def module(name: str, root: Path | None = None) -> str:
    """Name of the module that has a field.

    Parameters
    ----------
    name : str
    root : path, optional
        The registry's top folder, where its own fields count, too.

    Raises
    ------
    CheckError
        There is none of that name.
    """
    if NAME.fullmatch(name):
        package = f"{__package__}.{name}"
        if util.find_spec(package) is not None and util.find_spec(f"{package}.field") is not None:
            return f"{package}.field"
        if root is not None and (root / FOLDER / f"{name}.py").is_file():
            return f"{FOLDER}.{name}"
        # it takes as long to import as all else here, and hardly any field comes this way
        from importlib import metadata

        for entry in metadata.entry_points(group=GROUP, name=name):
            return entry.module
    where = f"a file {FOLDER}/{name}.py" if root is not None else "one that is installed"
    raise CheckError(
        f"field {name}",
        expected=f"{where}; or a package that brings it, by an entry point of the group {GROUP}",
        found="none",
        remedy=f"write {FOLDER}/{name}.py (docs/your-own-registry.md), install the package, or "
        'correct "field" in the schema of the generator',
    )


@cache
def find(name: str, root: Path | None = None) -> Field:
    """A field by its name; the parameters are those of `module`.

    Raises
    ------
    CheckError
        There is none, its module cannot be imported, or has no ``FIELD``.
    """
    place = module(name, root)
    try:
        found = getattr(import_module(place), "FIELD", None)
    except Exception as error:  # whatever somebody's own module raises
        raise CheckError(
            f"field {name}",
            expected=f"a module {place} that can be imported",
            found=f"{type(error).__name__}: {error}",
            remedy="correct the module, or install what it imports",
        ) from error
    if not isinstance(found, Field) or found.name != name:
        raise CheckError(
            f"field {name}",
            expected=f"FIELD in {place}, a registry.field.Field of the name {name}",
            found="none" if not isinstance(found, Field) else f"one of the name {found.name!r}",
            remedy="correct the module",
        )
    return found


# To look for one that is not here takes long, and a registry may have hundreds of fixtures of it.
@cache
def of(name: str) -> Field:
    """A field that is installed here, or the neutral one, for looking at what it made."""
    try:
        return find(name)
    except CheckError:
        return find(NEUTRAL)
