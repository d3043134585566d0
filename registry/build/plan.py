"""What ``dvc.yaml`` makes of a declaration: the stages of its sources and fixtures.

DVC fills in what stands in braces there; here it is done in the same way, without DVC, whose
import alone takes longer than it takes to see that there is nothing to do.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import files
from registry.declare import generator_keys
from registry.declare.params import Params
from registry.errors import CheckError, MissingError
from registry.identity import plain_yaml

FILE = "dvc.yaml"

_EXPRESSION = re.compile(r"\$\{([^}]*)\}")
# What a stage runs, which is called here and not run; and all that may be said of one.
_COMMANDS = {
    generator_keys.SOURCE: "python -m registry.build.source ${key} ${item}",
    generator_keys.FIXTURE: "python -m registry.build.fixture ${folder}/${key} ${item}",
}
_KEYS = {"cmd", "deps", "outs"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One stage, as DVC has it.

    ``kind`` is ``source`` or ``fixture`` and ``entry`` the name in ``params.yaml``; ``deps`` and
    ``outs`` are paths relative to the registry, sorted, and ``cached`` those of the latter that
    DVC's cache has.
    """

    kind: str
    entry: str
    command: str
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    cached: frozenset[str]

    @property
    def name(self) -> str:
        """As the lock has it."""
        return f"{self.kind}@{self.entry}"

    @property
    def argv(self) -> list[str]:
        """The arguments of its program."""
        return shlex.split(self.command)[3:]

    def __str__(self) -> str:
        return f"{self.kind} {self.entry}"


def stages(root: Path, declared: Params) -> dict[str, Stage]:
    """The stages of a declaration by name, in the order in which ``dvc repro`` runs them.

    Raises
    ------
    MissingError
        There is no ``dvc.yaml``.
    CheckError
        It has other stages than a registry is laid out with.
    """
    written = _read(root)
    found = {}
    for kind, section in (
        (generator_keys.SOURCE, declared.sources),
        (generator_keys.FIXTURE, declared.fixtures),
    ):
        template = _template(written, kind)
        for name, entry in section.items():
            stage = _stage(kind, template, name, entry, declared.folder)
            found[stage.name] = stage
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Template:
    command: str
    deps: tuple[str, ...]
    outs: Mapping[str, bool]


def _read(root: Path) -> Mapping[str, Any]:
    try:
        document = plain_yaml.load(files.read(root / FILE))
    except FileNotFoundError:
        raise MissingError(
            FILE,
            expected="how the registry's sources and fixtures are built",
            found="no such file",
            remedy=f"git checkout -- {FILE}, or fixtures init, which lays a registry out",
        ) from None
    except ValueError as error:
        raise _unknown(str(error)) from None
    if not isinstance(document, dict) or set(document) != {"stages"}:
        raise _unknown("other parts than stages")
    found = document["stages"]
    if not isinstance(found, dict) or set(found) != set(_COMMANDS):
        names = ", ".join(found) if isinstance(found, dict) else "none"
        raise _unknown(f"the stages {names}")
    return found


def _template(written: Mapping[str, Any], kind: str) -> _Template:
    try:
        entry = written[kind]
        if set(entry) != {"foreach", "do"} or entry["foreach"] != f"${{{kind}s}}":
            raise _unknown(f"a stage {kind} for something else than each of ${{{kind}s}}")
        said = entry["do"]
        if set(said) != _KEYS:
            raise _unknown(f"a stage {kind} with {', '.join(said)}")
        if said["cmd"] != _COMMANDS[kind]:
            raise _unknown(f"a stage {kind} that runs {said['cmd']!r}")
        if not isinstance(said["deps"], list) or not isinstance(said["outs"], list):
            raise TypeError
        outs = {}
        for item in said["outs"]:
            path, flags = (item, {}) if isinstance(item, str) else next(iter(item.items()))
            outs[path] = flags.get("cache", "true") == "true"
        return _Template(command=said["cmd"], deps=tuple(said["deps"]), outs=outs)
    except (AttributeError, TypeError, StopIteration):
        raise _unknown(f"a stage {kind} that cannot be read") from None


def _stage(
    kind: str, template: _Template, name: str, entry: Mapping[str, Any], folder: str
) -> Stage:
    values = {"key": name, "folder": folder, "item": _flags(entry)}
    values |= {f"item.{key}": str(value) for key, value in entry.items()}

    def filled(text: str) -> str:
        return _EXPRESSION.sub(lambda found: _value(values, found[1]), text)

    outs = {filled(path): cached for path, cached in template.outs.items()}
    return Stage(
        kind=kind,
        entry=name,
        command=filled(template.command),
        deps=tuple(sorted(map(filled, template.deps))),
        outs=tuple(sorted(outs)),
        cached=frozenset(path for path, cached in outs.items() if cached),
    )


def _value(values: Mapping[str, str], expression: str) -> str:
    try:
        return values[expression]
    except KeyError:
        raise _unknown(f"${{{expression}}}") from None


def _flags(entry: Mapping[str, Any]) -> str:
    """An entry's values as DVC puts them into a command: flags, texts quoted for the shell."""
    words = []
    for key, value in entry.items():
        if value is True:
            words.append(f"--{key}")
        elif value is not False:
            words += [f"--{key}", shlex.quote(value) if isinstance(value, str) else str(value)]
    return " ".join(words)


def _unknown(found: str) -> CheckError:
    return CheckError(
        FILE,
        expected="the stages source and fixture, as fixtures init lays them out, and no others",
        found=found,
        remedy="build with dvc repro, which runs whatever stands there; or put stages of your own "
        "into the dvc.yaml of another folder",
    )
