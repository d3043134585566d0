"""The declaration, ``params.yaml``: which sources and fixtures exist.

DVC pastes names from this file into shell commands and paths without quoting them, so everything
is held against the schema before a stage runs.
"""

from __future__ import annotations

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
    if isinstance(document, dict):
        found += _references(document, root)
    if found:
        raise CheckError(
            f"{FILE}: {len(found)} problem{'s' * (len(found) > 1)}",
            expected="entries that satisfy schemas/params.schema.json",
            found="\n            ".join(str(problem) for problem in found),
            remedy=f"edit {FILE} at the paths above; nothing was built",
        )
    return Params(sources=document["sources"] or {}, fixtures=document["fixtures"] or {})


def _parse(path: Path) -> Any:
    # ruamel, because DVC reads the same file with it: YAML 1.2, duplicate keys refused
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

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
        raise CheckError(
            FILE, expected="UTF-8 text", found=str(error), remedy=f"save {FILE} as UTF-8"
        ) from None
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise CheckError(
            FILE,
            expected="YAML",
            found=" ".join(str(error).split()),
            remedy=f"edit {FILE} where the message points",
        ) from None


def _references(document: dict[str, Any], root: Path) -> list[Problem]:
    """Generators and sources that an entry names and that do not exist."""
    found = []
    kinds = {kind: document.get(kind) for kind in ("sources", "fixtures")}
    for kind, entries in kinds.items():
        for name, entry in (entries if isinstance(entries, dict) else {}).items():
            if not isinstance(entry, dict):
                continue
            generator = entry.get("generator")
            if isinstance(generator, str) and generator not in generators(root):
                found.append(
                    Problem(
                        path=f"{kind}.{name}.generator",
                        rule=f"one of the generators ({', '.join(generators(root))})",
                        value=f'"{generator}"',
                    )
                )
            source = entry.get("source")
            sources = kinds["sources"] if isinstance(kinds["sources"], dict) else {}
            if kind == "fixtures" and isinstance(source, str) and source not in sources:
                found.append(
                    Problem(
                        path=f"{kind}.{name}.source",
                        rule=f"one of the sources ({', '.join(map(str, sources)) or 'none'})",
                        value=f'"{source}"',
                    )
                )
    return found


def generators(root: Path) -> list[str]:
    """Names of the versioned generators that an entry may name."""
    return sorted(
        path.stem
        for path in (root / "generators").glob("*_v[0-9]*.py")
        if "def generate(" in path.read_text(encoding="utf-8")
    )
