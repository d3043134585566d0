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

    @property
    def summary(self) -> str:
        """How much is declared, in words."""
        counts = (("source", len(self.sources)), ("fixture", len(self.fixtures)))
        return ", ".join(f"{count} {what}{'s' * (count != 1)}" for what, count in counts)


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
        parser = YAML(typ="safe", pure=True)
        # ruamel itself overlooks a key that is there twice beside a merge key (<<)
        twice = _repeated_key(parser.compose(text))
        if twice is not None:
            mark = twice.start_mark
            where = f"line {mark.line + 1}, column {mark.column + 1}"
            raise _not_yaml(f"{where}: found duplicate key {schema.shown(twice.value)}")
        return parser.load(text)
    except RecursionError:
        raise _not_yaml("more levels than can be read") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        text = error.problem or error.context
        raise _not_yaml(where + " ".join(str(text).split())) from None
    except YAMLError as error:
        raise _not_yaml(" ".join(str(error).split())) from None


def _repeated_key(node: Any) -> Any:
    """The node of a key that its mapping has had before, anywhere in a tree, or None."""
    nodes, visited = [node], set()
    while nodes:
        node = nodes.pop()
        # a scalar's value is text; an alias leads to a node again
        if node is None or isinstance(node.value, str) or id(node) in visited:
            continue
        visited.add(id(node))
        keys = set()
        for child in node.value:
            if not isinstance(child, tuple):
                nodes.append(child)
                continue
            key = (child[0].tag, str(child[0].value))
            if key in keys:
                return child[0]
            keys.add(key)
            nodes += child
    return None


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
    # a list, in which what is no name at all can be looked for, too
    declared = list(fixtures) if isinstance(fixtures, dict) else []
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
