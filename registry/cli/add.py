"""``fixtures add NAME``: a new version in one step, declared once it is known to be good."""

from __future__ import annotations

import argparse
import contextlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from registry import console, loading
from registry.cli import key_flags, source_argument
from registry.cli.dvc_repro import repro
from registry.declare import FILE, generator_keys, params, yaml_text
from registry.declare.generator_keys import Generator, Generators
from registry.errors import CheckError, MissingError, RegistryError, UsageError, perhaps
from registry.identity import ledger, pins
from registry.storage.root import find_root

_UNTOUCHED = "params.yaml is as it was"
_FLAGS = (
    "change the data, or the flags (the key n_subset is --n-subset), and run the command again; "
    f"{_UNTOUCHED}"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Builds the fixture in a scratch folder, holds it against every criterion, "
        "and adds its entry to params.yaml. No other line of that file changes."
    )
    parser.add_argument("name", metavar="NAME", help="with its version, such as mine_v1")
    parser.add_argument(
        "--from", metavar="SOURCE", dest="source", help="a declared source, or a file's path or URL"
    )
    parser.add_argument(
        "--like", metavar="FIXTURE", help="take what is not given from this declared fixture"
    )
    parser.add_argument(
        "--generator",
        metavar="GENERATOR",
        help="default: that of --like, else of the fixture that is declared last",
    )
    parser.add_argument("--build", action="store_true", help="then run dvc repro for it")
    key_flags.add_flags(parser, fixture=True)


def run(arguments: argparse.Namespace) -> int:
    from registry import files
    from registry.declare import edit

    root = find_root()
    text = yaml_text.read(root)
    document = yaml_text.parse(text)
    name: str = arguments.name
    fixture, source = _entries(root, document, generator_keys.load(root), arguments)

    new, added = text, [f"fixtures.{name}"]
    if source is not None:
        new = edit.insert(new, generator_keys.SOURCES, fixture["source"], source)
        added.insert(0, f"sources.{fixture['source']}")
    new = edit.insert(new, generator_keys.FIXTURES, name, fixture, like=arguments.like)
    _check(root, new, name)
    told, content = _built(root, new, name, is_new_source=source is not None)
    console.say(told.rstrip())
    if same := _pinned_with(root, content):
        console.say(
            f"note: {' and '.join(same)} {'has' if len(same) == 1 else 'have'} the same content, "
            "to the bit: tests can take that, and no more bytes are stored",
            file=sys.stderr,
        )

    if yaml_text.read(root) != text:
        raise CheckError(
            FILE,
            expected="the text that the new entry was checked with",
            found="another one: somebody edited the file meanwhile",
            remedy="run the command again; the file is as they left it",
        )
    files.write_atomic(root / FILE, new.encode())
    console.say(f"params.yaml: added {' and '.join(added)}")
    if not arguments.build:
        console.say(f"next: dvc repro fixture@{name}")
        return 0
    return _repro(root, name)


def _entries(
    root: Path, document: Any, words: Generators, arguments: argparse.Namespace
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The fixture's entry, and its source's where that is new."""
    declared = source_argument.declared(document, generator_keys.FIXTURES)
    # a name that was retired is never used again
    _check_name(arguments.name, {*declared, *(ledger.read(root) or {})})
    base = _base(declared, arguments.like)
    generator = _generator(words, arguments.generator, base, declared)
    named = arguments.source or base.get("source")
    if named is None:
        raise UsageError(
            f"fixture {arguments.name}",
            expected="--from SOURCE, or --like FIXTURE",
            found="neither",
            remedy="fixtures add NAME --from SOURCE --strategy evenly_spaced --n-subset 64",
        )
    sources = source_argument.declared(document, generator_keys.SOURCES)
    source, reader = source_argument.resolve(sources, words, named, arguments, set(generator.keys))
    own, of_source = key_flags.values(arguments, words, generator, reader)
    for key in base.keys() - generator.keys.keys() - {"generator"}:
        console.say(
            f"note: {generator.name} has no key {key}, which {arguments.like} has", file=sys.stderr
        )
    entry = {
        **base,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **own,
        "generator": generator.name,
        "source": source,
    }
    new = None
    if reader is not None:
        new = source_argument.new_entry(root, source, named, reader, of_source)
    return key_flags.ordered(entry, generator), new


def _check_name(name: str, taken: set[str]) -> None:
    if name not in taken:
        return
    from registry.identity.sidecar import next_free_version

    try:
        remedy = f"the next free version is {next_free_version(name, taken)}"
    except ValueError:
        remedy = "choose another name"
    raise UsageError(
        f"fixture {name}",
        expected="a name that is not declared: a published version never changes",
        found="one under fixtures: in params.yaml",
        remedy=remedy,
    )


def _base(declared: dict[str, Any], like: str | None) -> dict[str, Any]:
    if like is None:
        return {}
    base = declared.get(like)
    if not isinstance(base, dict):
        raise UsageError(
            f"--like {like}",
            expected=f"one of {', '.join(declared) or '(none declared)'}{perhaps(like, declared)}",
            found="no such fixture in params.yaml",
            remedy="correct the name",
        )
    return base


def _generator(
    words: Generators, named: str | None, base: dict[str, Any], declared: dict[str, Any]
) -> Generator:
    if named is None:
        named = base.get("generator")
    if named is None:
        # as the version that stands last, or as the only generator that there is
        used = [entry.get("generator") for entry in declared.values() if isinstance(entry, dict)]
        only = list(words.fixtures) if len(words.fixtures) == 1 else []
        named = next(reversed([*only, *used]), None)
    if named is None:
        raise UsageError(
            "--generator",
            expected=f"one of {', '.join(words.fixtures)}",
            found="none, and no fixture that is declared already to take it from",
            remedy="name one; fixtures add --help --generator NAME shows its keys",
        )
    return key_flags.find_generator(words.fixtures, str(named), "--generator")


def _check(root: Path, text: str, name: str) -> None:
    """Hold the new declaration against every rule."""
    found = params.problems(yaml_text.parse(text), root)
    if found:
        # what was wrong before is not the flags' fault
        params.load(root)
        raise params.refused(found, remedy=_FLAGS, subject=f"fixture {name}")


def _pinned_with(root: Path, content: str) -> list[str]:
    """Names of pinned fixtures of that content digest."""
    try:
        known = pins.read(root)
    except MissingError:
        # there is no lock before anything was built
        return []
    found = []
    for pin in known.values():
        with contextlib.suppress(RegistryError):
            # what is wrong with another fixture is not this one's business
            if loading.read_sidecar(root, pin).content_sha256 == content:
                found.append(pin.name)
    return found


def _built(root: Path, text: str, name: str, *, is_new_source: bool) -> tuple[str, str]:
    """Build what is declared in a scratch folder; what is said of it, and its content digest."""
    from registry.build.scratch import scratch

    declared = yaml_text.parse(text)
    entry = declared["fixtures"][name]
    source = entry["source"]
    with scratch(root) as place:
        try:
            place.build("source", source, declared["sources"][source])
        except RegistryError as error:
            # an entry that was there before is mended as its generator says
            if not is_new_source:
                raise
            error = source_argument.by_flags(error)
            raise error.but(remedy=f"{error.remedy}; {_UNTOUCHED}") from None
        return place.build("fixture", name, entry, remedy=_FLAGS), place.content(name)


def _repro(root: Path, name: str) -> int:
    stage = f"fixture@{name}"
    code = repro(root, stage)
    if code != 0:
        raise CheckError(
            f"fixture {name}",
            expected=f"dvc repro {stage} to build it",
            found=f"exit code {code}; what it printed is above",
            remedy=f"mend that, then dvc repro {stage}; the entry is in params.yaml",
        )
    console.say("next: commit params.yaml, dvc.lock and the new sidecar; dvc push stores the bytes")
    return 0
