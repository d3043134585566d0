"""The declaration, ``params.yaml``: which sources and fixtures exist.

DVC pastes names from this file into shell commands and paths without quoting them, so everything
is held against the schema before a stage runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import schema
from registry.errors import CheckError, MissingError
from registry.schema import Problem

FILE = "params.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Params:
    """Validated entries by name, each a flat mapping of the keys that its generator knows."""

    sources: dict[str, dict[str, Any]]
    fixtures: dict[str, dict[str, Any]]


def load(root: Path) -> Params:
    """Read and validate the declaration of the registry at ``root``.

    Raises
    ------
    MissingError
        There is no ``params.yaml``.
    CheckError
        It breaks a rule; the message lists every one with its dotted path.
    """
    document = _parse(root / FILE)
    found = schema.problems(document, root / "schemas" / schema.PARAMS)
    reported = {problem.path for problem in found}
    found += [problem for problem in _references(document, root) if problem.path not in reported]
    if found:
        raise CheckError(
            f"{FILE}: {len(found)} problem{'s' * (len(found) > 1)}",
            expected=f"entries that satisfy schemas/{schema.PARAMS}",
            found="\n            ".join(map(str, found)),
            remedy=f"edit {FILE} at the paths above; nothing was built",
        )
    return Params(sources=document["sources"], fixtures=document["fixtures"])


def _parse(path: Path) -> Any:
    # ruamel, because DVC reads the same file with it: YAML 1.2, duplicate keys refused
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MissingError(
            FILE,
            expected="the registry's declaration",
            found=f"no {FILE} in {path.parent.name or path.parent}",
            remedy="run the command in the registry's top folder",
        ) from None
    except UnicodeDecodeError as error:
        raise _not_yaml(str(error)) from None
    try:
        return YAML(typ="safe", pure=True).load(text)
    except RecursionError:
        raise _not_yaml("more levels than can be read") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        text = error.problem or error.context
        raise _not_yaml(where + " ".join(str(text).split())) from None
    except YAMLError as error:
        raise _not_yaml(" ".join(str(error).split())) from None


def _not_yaml(found: str) -> CheckError:
    return CheckError(
        FILE,
        expected="YAML 1.2 in UTF-8, each key once",
        found=found,
        remedy=f"edit {FILE} there; nothing was built",
    )


def _references(document: Any, root: Path) -> Iterator[Problem]:
    """Sources and generators that entries name and that do not exist."""
    if not isinstance(document, dict):
        return
    fixtures, deprecated = document.get("fixtures"), document.get("deprecated")
    declared = fixtures if isinstance(fixtures, dict) else {}
    for name, entry in deprecated.items() if isinstance(deprecated, dict) else ():
        named = [(["deprecated", name], name)]
        if isinstance(entry, dict) and "successor" in entry:
            named.append((["deprecated", name, "successor"], entry["successor"]))
        for parts, value in named:
            if value not in declared:
                path = schema.dotted(parts)
                yield Problem(path=path, rule="a declared fixture", value=schema.shown(value))
    sources = document.get("sources")
    known = sources if isinstance(sources, dict) else {}
    for kind in ("sources", "fixtures"):
        entries = document.get(kind)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            if not isinstance(entry, dict):
                continue
            generator, source = entry.get("generator"), entry.get("source")
            file = f"generators/{generator}.py"
            if isinstance(generator, str) and not (root / file).is_file():
                path = schema.dotted([kind, name, "generator"])
                yield Problem(path=path, rule=f"a file {file}", value="none")
            if kind == "fixtures" and isinstance(source, str) and source not in known:
                yield Problem(
                    path=schema.dotted([kind, name, "source"]),
                    rule=f"one of the sources {', '.join(map(schema.shown, known)) or '(none)'}",
                    value=schema.shown(source),
                )
