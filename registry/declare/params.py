"""The declaration, ``params.yaml``: which sources and fixtures exist.

DVC pastes names from this file into shell commands and paths without quoting them, so everything
is held against the schema before a stage runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from registry.declare import FILE, generator_keys, yaml_text
from registry.errors import CheckError
from registry.failure import Failure
from registry.identity import schema


@dataclass(frozen=True, kw_only=True, slots=True)
class Creator:
    """Who made data: ``type`` is ``person`` or ``organization``."""

    type: str
    name: str
    url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Who made a source that is not the registry's own, and the work that describes it."""

    creators: tuple[Creator, ...]
    citation: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """What exported metadata says of all fixtures together; ``sources`` by the source's name."""

    name: str
    description: str
    version: str
    creators: tuple[Creator, ...]
    url: str | None = None
    keywords: tuple[str, ...] = ()
    sources: Mapping[str, Origin] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Dataset:
        """Build from the section ``dataset``, which satisfies its schema."""
        origins = {
            name: Origin(creators=_creators(entry), citation=entry.get("citation"))
            for name, entry in document.get("sources", {}).items()
        }
        return cls(
            name=document["name"],
            description=document["description"],
            version=document["version"],
            creators=_creators(document),
            url=document.get("url"),
            keywords=tuple(document.get("keywords", ())),
            sources=origins,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvelopeOptions:
    """What each training of the envelope is given, and how often it is run."""

    max_epochs: int
    batch_size: int
    seed: int
    repeats: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Budgets:
    """What one training may take: seconds of the process, memory at its peak, files it leaves."""

    train_target_s: float
    train_limit_s: float
    train_spread_percent: float
    peak_rss_mb: float
    artifacts_mb: float


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvelopeRun:
    """One training of the envelope."""

    fixture: str
    gridsize: int
    loss: str = "mae"


# In the place of a run's name, which it cannot be.
SWEEP = "sweep"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """Trainings of one fixture at every combination of these options."""

    fixture: str
    gridsize: Sequence[int]
    max_epochs: Sequence[int]
    n_images: Sequence[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """What the reference training may take, and on what it is measured."""

    options: EnvelopeOptions
    budgets: Budgets
    runs: Mapping[str, EnvelopeRun]
    sweep: Sweep

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Envelope:
        """Build from the section ``envelope``, which satisfies its schema."""
        return cls(
            options=EnvelopeOptions(**document["options"]),
            budgets=Budgets(**document["budgets"]),
            runs={name: EnvelopeRun(**run) for name, run in document["runs"].items()},
            sweep=Sweep(**document["sweep"]),
        )

    def trainings(self, name: str) -> list[dict[str, Any]]:
        """What the training of a run is given, or each of the sweep."""
        options = asdict(self.options)
        if name != SWEEP:
            return [{**asdict(self.runs[name]), **options}]
        axes = asdict(self.sweep)
        options |= {"fixture": axes.pop("fixture"), "repeats": 1}
        return [
            {**options, **dict(zip(axes, point, strict=True))} for point in product(*axes.values())
        ]


def _creators(entry: Mapping[str, Any]) -> tuple[Creator, ...]:
    return tuple(Creator(**creator) for creator in entry["creators"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Params:
    """Validated entries by name, each a flat mapping of the keys that its generator knows.

    ``folder`` is where fixtures and their sidecars lie, relative to the registry's top folder.
    """

    folder: str
    sources: dict[str, dict[str, Any]]
    fixtures: dict[str, dict[str, Any]]
    dataset: Dataset | None = None
    envelope: Envelope | None = None

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
    document = yaml_text.parse(yaml_text.read(root))
    found = problems(document, root)
    if found:
        raise refused(found, remedy=f"edit {FILE} at the paths above; nothing was built")
    described, envelope = document.get("dataset"), document.get("envelope")
    return Params(
        folder=document["folder"],
        sources=document["sources"],
        fixtures=document["fixtures"],
        dataset=None if described is None else Dataset.from_dict(described),
        envelope=None if envelope is None else Envelope.from_dict(envelope),
    )


def problems(document: Any, root: Path) -> list[Failure]:
    """Every rule that a declaration breaks: its schema's, its generators', and of references."""
    beyond = schema.beyond_limits(document)
    if beyond is not None:
        return [beyond]
    found = schema.problems(document, root / "schemas" / schema.PARAMS)
    reported = {problem.criterion for problem in found}
    further = (*_entries(document, root), *_references(document, root))
    return found + [problem for problem in further if problem.criterion not in reported]


def refused(found: list[Failure], *, remedy: str, subject: str = FILE) -> CheckError:
    """The error for a declaration with problems, or for what would make it one."""
    return CheckError(
        f"{subject}: {len(found)} problem{'s' * (len(found) > 1)}",
        expected=f"entries that satisfy {schema.PARAMS} and their generators' schemas",
        found="\n            ".join(map(str, found)),
        remedy=remedy,
    )


def value(key: generator_keys.Key, text: str) -> Any:
    """What a text stands for as the value of a key: what YAML reads, unless it admits text alone.

    Whether it is one of the values that the key admits is the schema's to say.
    """
    try:
        found = yaml_text.parse(text)
    except CheckError:
        return text
    kind = generator_keys.type_of(found)
    fits = kind in key.types or (kind == "integer" and "number" in key.types)
    return text if "string" in key.types and not fits else found


def _references(document: Any, root: Path) -> Iterator[Failure]:
    """Sources and generators that entries name and that do not exist."""
    if not isinstance(document, dict):
        return
    fixtures = document.get("fixtures")
    # a list, in which what is no name at all can be looked for, too
    declared = list(fixtures) if isinstance(fixtures, dict) else []
    deprecated, retired = _items(document.get("deprecated")), _items(document.get("retired"))
    named = [(["deprecated", name], name) for name, _ in deprecated]
    for section, notices in (("deprecated", deprecated), ("retired", retired)):
        for name, said in notices:
            if isinstance(said, dict) and "successor" in said:
                named.append(([section, name, "successor"], said["successor"]))
    envelope = dict(_items(document.get("envelope")))
    runs = [(name, run) for name, run in _items(envelope.get("runs")) if isinstance(run, dict)]
    trained = [(["runs", name], run) for name, run in runs]
    trained += [(["sweep"], run) for run in [envelope.get("sweep")] if isinstance(run, dict)]
    for parts, run in trained:
        if "fixture" in run:
            named.append((["envelope", *parts, "fixture"], run["fixture"]))
    for parts, value in named:
        if value not in declared:
            path = schema.dotted(parts)
            yield Failure(criterion=path, expected="a declared fixture", found=schema.shown(value))
    for name, _ in retired:
        if name in declared:
            path = schema.dotted(["retired", name])
            rule = "a name that is no longer declared: remove its entry from fixtures"
            yield Failure(criterion=path, expected=rule, found=schema.shown(name))
    sources = document.get("sources")
    known = sources if isinstance(sources, dict) else {}
    described = document.get("dataset")
    origins = described.get("sources") if isinstance(described, dict) else None
    for name in origins if isinstance(origins, dict) else ():
        if name not in known:
            path = schema.dotted(["dataset", "sources", name])
            yield Failure(criterion=path, expected="a declared source", found=schema.shown(name))
    first: dict[tuple[str, str], Any] = {}
    for name, run in runs:
        pair = (schema.shown(run.get("fixture")), schema.shown(run.get("gridsize")))
        if first.setdefault(pair, name) != name:
            # the report has one place for each
            path = schema.dotted(["envelope", "runs", name])
            rule = f"another fixture or gridsize than {schema.shown(first[pair])} has"
            yield Failure(criterion=path, expected=rule, found=", gridsize ".join(pair))
    entries = document.get("fixtures")
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        source = entry.get("source") if isinstance(entry, dict) else None
        if isinstance(source, str) and source not in known:
            yield Failure(
                criterion=schema.dotted(["fixtures", name, "source"]),
                expected=f"one of the sources {', '.join(map(schema.shown, known)) or '(none)'}",
                found=schema.shown(source),
            )


def _items(section: Any) -> list[tuple[Any, Any]]:
    return list(section.items()) if isinstance(section, dict) else []


def _entries(document: Any, root: Path) -> Iterator[Failure]:
    """Rules of its generator's schema that an entry breaks.

    Nothing but a name of the right form leads to a file: what an entry names is not to be trusted
    before it has been held against its rules.
    """
    known = generator_keys.load(root)
    validators: dict[str, Any] = {}
    for section in (generator_keys.SOURCES, generator_keys.FIXTURES):
        entries = document.get(section) if isinstance(document, dict) else None
        generators = known.of(section)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            named = entry.get("generator") if isinstance(entry, dict) else None
            if not isinstance(named, str) or not generator_keys.NAME.fullmatch(named):
                # the schema of params.yaml has said so
                continue
            path = [section, name, "generator"]
            if named not in generators:
                text = f"a generator of {section}: {', '.join(generators) or 'there is none'}"
                yield Failure(
                    criterion=schema.dotted(path), expected=text, found=schema.shown(named)
                )
                continue
            if not (root / generators[named].script).is_file():
                rule = f"a file {generators[named].script}"
                yield Failure(criterion=schema.dotted(path), expected=rule, found="none")
            if named not in validators:
                validators[named] = schema.validator(generator_keys.schema_path(root, named))
            keys = {key: value for key, value in entry.items() if key != "generator"}
            yield from validators[named](keys, [section, name])
