"""What one page of the report is about, held against the chain before anything is drawn of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path

from registry import digests, loading, verify
from registry.declare import FILE, deprecation, retirement
from registry.errors import MissingError, RegistryError
from registry.field import of
from registry.identity import certificate, chain, foreign_npz, pins
from registry.identity.certificate import Witness
from registry.identity.chain import Link
from registry.identity.pins import Pin
from registry.identity.sidecar import Sidecar
from registry.page import SourceArrays
from registry.report import criteria, training
from registry.report.training import Run
from registry.verify import Tested

# Without these there are no arrays that anything could be drawn of.
_NEEDED = (chain.SIDECAR, chain.BYTES, chain.ARRAYS)


_Arrays = Callable[[str, str, tuple[str, ...]], SourceArrays | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known of one fixture.

    ``pin`` is None where a fixture was never built, or was published and is pinned no more.
    ``announced`` are the links that would be tested were none broken. ``exit_code`` tells what is
    absent from what is broken. ``record`` is the sidecar where it is the pinned one, else None.
    ``meanings`` are those of its arrays, ``criteria`` the anchors of the page that explains them,
    ``before`` and ``after`` the fixtures whose pages are next to this one.
    ``drawable`` tells whether the bytes are those of the sidecar, so that pictures and figures may
    be made of them. ``certificate`` has lines only where its link holds.
    """

    name: str
    pin: Pin | None
    links: list[Tested]
    announced: tuple[Link, ...] = ()
    exit_code: int = 0
    record: Sidecar | None = None
    drawable: bool = False
    deprecated: str = ""
    certificate: list[Witness] = field(default_factory=list)
    source: SourceArrays | None = None
    runs: list[Run] = field(default_factory=list)
    meanings: dict[str, str] = field(default_factory=dict)
    criteria: tuple[str, ...] = ()
    before: str = ""
    after: str = ""

    @property
    def holds(self) -> bool:
        """Whether every link of the chain does."""
        return all(link.holds for link in self.links)

    @property
    def missing(self) -> bool:
        """Whether something is absent, and nothing that is here is wrong."""
        return self.exit_code == MissingError.exit_code

    @property
    def broken(self) -> list[Tested]:
        """Links that do not hold."""
        return [link for link in self.links if not link.holds]

    def digest(self, program: str) -> str:
        """SHA-256 of all that a page is made of; ``program`` stands for what makes it.

        Bytes and the source's arrays are in it by their digests in the sidecar, which they have
        been held against.
        """
        known = asdict(replace(self, source=None, record=None))
        known["record"] = None if self.record is None else self.record.to_dict()
        known["source"] = None if self.source is None else [self.source.path, self.source.problem]
        return digests.sha256(json.dumps([program, known], sort_keys=True, default=str).encode())


def gather(root: Path, names: Iterable[str]) -> list[Facts]:
    """Facts of the fixtures that are named, or of all that are pinned or declared.

    Raises
    ------
    UsageError
        A name is neither pinned nor declared.
    MissingError, ChainError
        There is no lock, or it is not one.
    """
    declaration = training.read_declaration(root / FILE)
    known = pins.read(root)
    unpinned = {report.name: report for report in verify.unpinned(root)}
    # by name, for a fixture may be asked for twice
    wanted = dict.fromkeys(names) or dict.fromkeys([*known, *unpinned])
    chosen = {
        name: None if name in unpinned else retirement.find_pin(root, name) for name in wanted
    }
    tested = verify.verify(root, [pin for pin in chosen.values() if pin is not None])
    reports = {report.name: report for report in tested}
    arrays = cache(lambda path, sha256, names: _arrays(root, path, sha256, names))
    explained = criteria.read(root)
    found = [
        _unpinned(unpinned[name])
        if pin is None
        else _facts(root, pin, reports[name], arrays, declaration.get("envelope"))
        for name, pin in chosen.items()
    ]
    around = ["", *(item.name for item in found), ""]
    return [
        replace(item, before=before, after=after, criteria=explained.anchors)
        for item, before, after in zip(found, around, around[2:], strict=False)
    ]


def _unpinned(report: verify.Report) -> Facts:
    return Facts(name=report.name, pin=None, exit_code=report.exit_code, links=report.links)


def _facts(root: Path, pin: Pin, report: verify.Report, arrays: _Arrays, budgets: object) -> Facts:
    deprecated = deprecation.of(root, pin)
    facts = Facts(
        name=pin.name,
        pin=pin,
        links=report.links,
        announced=report.announced,
        exit_code=report.exit_code,
        deprecated="" if deprecated is None else str(deprecated),
    )
    holding = {tested.link for tested in report.links if tested.holds}
    if chain.SIDECAR not in holding:
        return facts
    # raises where it was changed since it was verified
    record = loading.read_sidecar(root, pin)
    return replace(
        facts,
        record=record,
        drawable=holding.issuperset(_NEEDED),
        certificate=certificate.held(root, record) if chain.CERTIFICATE in holding else [],
        source=arrays(record.source_dataset, record.source_sha256, of(record.field).source_arrays),
        runs=training.runs(root, pin.name, budgets),
        meanings=_meanings(record, root / "schemas" if chain.SCHEMAS in holding else None),
    )


def _meanings(record: Sidecar, schemas: Path | None) -> dict[str, str]:
    """What a fixture's arrays are, in words, as far as that is known."""
    contract = of(record.field).contract(record.contract, schemas)
    known = {array.name: array for array in contract.arrays}
    return {
        name: ", ".join(filter(None, (known[name].meaning, known[name].unit)))
        for name in record.arrays
        if name in known and known[name].meaning != name
    }


def source_of(root: Path, record: Sidecar) -> SourceArrays | None:
    """Arrays of a fixture's source that its field draws."""
    names = of(record.field).source_arrays
    return _arrays(root, record.source_dataset, record.source_sha256, names)


def _arrays(root: Path, path: str, sha256: str, names: tuple[str, ...]) -> SourceArrays | None:
    """Some arrays of a source, from the very file that the fixture was cut from."""
    if not names:
        return None
    file = root / path
    try:
        found = digests.sha256_file(file)
    except OSError:
        return SourceArrays(path=path, problem="is not here (dvc repro builds it)")
    if found != sha256:
        return SourceArrays(
            path=path, problem=f"is another file: SHA-256 {found[:12]}…, not {sha256[:12]}…"
        )
    try:
        arrays = foreign_npz.read(file, subject=path, names=names)
        values = {name: arrays[name].astype(float).ravel().tolist() for name in names}
    except (RegistryError, KeyError, ValueError):
        return SourceArrays(path=path, problem=f"has no {', '.join(names)} that can be read")
    return SourceArrays(path=path, values=values)
