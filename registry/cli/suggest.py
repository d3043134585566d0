"""``fixtures suggest SOURCE``: what each strategy and size would make of a source."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

from registry import console
from registry.cli import json_output, key_flags, source_argument
from registry.cli.table import columns
from registry.declare import generator_keys, params, yaml_text
from registry.errors import RegistryError
from registry.storage.root import find_root

_TARGET = 64
# What a new source has to declare, and what makes no difference to anything that is printed here.
_NO_MATTER = {"licence": "not declared", "noise": "none"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Coverage, overlap, groups and file size for each strategy and size, and which "
        "of them a fixture may have. Writes nothing."
    )
    parser.add_argument(
        "source", metavar="SOURCE", help="a declared source, or a file's path or URL"
    )
    json_output.add(parser)
    key_flags.add_flags(parser, fixture=False)


def run(arguments: argparse.Namespace) -> int:
    root = find_root()
    words = generator_keys.load(root)
    document = yaml_text.parse(yaml_text.read(root))
    named: str = arguments.source
    sources = source_argument.declared(document, generator_keys.SOURCES)
    name, generator = source_argument.resolve(sources, words, named, arguments, set())
    _, values = key_flags.values(arguments, words, None, generator)
    command = f"fixtures add {name}_v1 --from {shlex.quote(named)}"
    if generator is None:
        entry = params.load(root).sources[name]
    else:
        fill = {key: value for key, value in _NO_MATTER.items() if key in generator.required}
        entry = source_argument.new_entry(root, name, named, generator, {**fill, **values})
        _check(root, {**document, "sources": {**sources, name: entry}}, name)
        command += _flags(arguments, values)
        command += "".join(f" --{key} …" for key in fill if key not in values)
    try:
        found = _figures(root, name, entry)
    except RegistryError as error:
        raise (error if generator is None else source_argument.by_flags(error)) from None
    good = [row for row in found["rows"] if not row["failures"]]
    best = min(good, key=lambda row: abs(row["n_subset"] - _TARGET), default=None)
    if best is not None:
        seed = f" --seed {found['seed']}" if best["strategy"] == "random" else ""
        command += f" --strategy {best['strategy']} --n-subset {best['n_subset']}{seed}"
    if arguments.json:
        json_output.say({"source": name, **found, "command": best and command})
    else:
        console.say(*_table(found, name), *(["", command] if best else []))
    return 0


def _flags(arguments: argparse.Namespace, values: dict[str, Any]) -> str:
    """The flags that declare the new source, as they were given."""
    given = {"source_name": arguments.source_name, "source_generator": arguments.source_generator}
    words = []
    for key, value in {**given, **values}.items():
        flag = key.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif value is not None:
            words += [f"--{flag}", shlex.quote(str(value))]
    return "".join(f" {word}" for word in words)


def _check(root: Path, document: Any, name: str) -> None:
    """Hold the new entry against the rules; what is wrong with others is not asked here."""
    found = [
        problem
        for problem in params.problems(document, root)
        if problem.criterion.startswith(f"sources.{name}.")
    ]
    if found:
        raise params.refused(
            found,
            remedy="add or change flags (photon_scale is --photon-scale)",
            subject=f"source {name}",
        )


def _figures(root: Path, name: str, entry: dict[str, Any]) -> Any:
    from registry.build.record import SOURCES
    from registry.build.scratch import scratch

    with scratch(root) as place:
        place.build("source", name, entry)
        return json.loads(
            place.run(
                "registry.ptychography.suggest",
                name,
                f"{SOURCES}/{name}.npz",
                subject=f"source {name}",
            )
        )


def _table(found: Any, name: str) -> list[str]:
    frame, obj = (" x ".join(map(str, found[key])) for key in ("frame", "object"))
    diameter = found["probe_diameter_px"]
    rows = [("strategy", "n", "cover x", "cover y", "overlap", "groups", "bytes", "criteria")]
    for row in found["rows"]:
        strategy = row["strategy"]
        rows.append(
            (
                f"random, seed {found['seed']}" if strategy == "random" else strategy,
                str(row["n_subset"]),
                f"{row['coverage_x']:.1%}",
                f"{row['coverage_y']:.1%}",
                f"{row['overlap']:.1%}",
                str(row["groups"]),
                f"{row['bytes']:,}",
                "; ".join(row["failures"]) or "pass",
            )
        )
    return [
        f"source {name}: {found['positions']} positions, frames {frame}, object {obj}, "
        f"probe {diameter:.1f} px across",
        "",
        *columns(rows),
        "",
        "cover     part of the source's range that the positions span; more than 50% is wanted",
        f"overlap   mean of 1 - d / {diameter:.1f} px, with d the distance to the nearest position",
        "groups    a position and its three nearest, for gridsize 2; 0 where some do not overlap",
        "bytes     of the fixture with diff3d",
        "criteria  those that positions and shapes can tell; fixtures add checks the physics, too",
    ]
