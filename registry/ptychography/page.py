"""What the report says of a scan: pictures, and how far each check is from its limit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from registry.identity.sidecar import Sidecar
from registry.page import Page, Section, Side, SourceArrays
from registry.ptychography import limits, pictures
from registry.ptychography.contracts import CONTRACTS, contract_named

_WORDS = (
    "χ² and scale, and their limits, which follow from photon counts, are computed from the "
    "verified arrays."
)


def page(
    arrays: Mapping[str, np.ndarray] | None, record: Sidecar, source: SourceArrays | None
) -> Page:
    """The field's part of a fixture's page; without verified arrays there are no pictures."""
    recorded = {**record.checks, **record.details}
    if arrays is None:
        return Page(
            checks=limits.checks(recorded, None), no_charts="the bytes did not pass verification"
        )
    found = record.details.get("photon_scale")
    scale = found if isinstance(found, float) else None
    contract = contract_named(record.contract)
    arrays, form = contract.canonical(arrays, scale)
    fitted, reason = None, "its physics was not checked"
    if contract.name not in CONTRACTS:
        reason = f"the table of contracts has no {contract.name}"
    elif record.is_measured:
        fitted, reason = limits.fit(arrays, recorded)
    scan = pictures.positions(arrays, record, source)
    words = f"One log scale for all. Zero frequency is in the centre. {form}".rstrip()
    sections = (
        Section(
            anchor="images",
            title="Probe and object",
            pictures=pictures.probe_and_object(arrays),
        ),
        Section(
            anchor="frames",
            title="Diffraction",
            words=words,
            pictures=pictures.frames(arrays, scale),
        ),
        Section(
            anchor="scan",
            title="Scan",
            pictures=[picture for picture in (scan, pictures.coverage(arrays)) if picture],
            facts=_facts(record, None if scan is None or scan.note else source),
            key=_key(alone=scan is not None and bool(scan.note)),
        ),
    )
    return Page(
        sections=[section for section in sections if section.pictures],
        checks=limits.checks(recorded, fitted),
        charts=[pictures.frame_fit(fitted)] if fitted else [],
        no_charts="" if fitted else reason,
        words=_WORDS,
    )


def compared(a: Side, b: Side) -> list[Section]:
    """The field's part of a comparison's page."""
    scan = pictures.both_positions(a, b)
    if scan is None:
        return []
    key = [("dot quiet", "A"), ("dot own", "B")]
    if "of the source" in scan.alt:
        key.append(("dot all", "all positions of the source"))
    return [Section(anchor="scan", title="Scan", pictures=[scan], key=key)]


def _facts(record: Sidecar, source: SourceArrays | None) -> list[tuple[str, str]]:
    """What the chart of positions shows, in figures; with how many the source has, if drawn."""
    count = f"{len(record.subset_indices)}"
    if source is not None:
        count += f" of {len(source.values['xcoords'])}"
    facts = [("Positions", count), ("Strategy", record.subset_strategy.replace("_", " "))]
    for axis in ("x", "y"):
        item, part = record.arrays.get(f"{axis}coords"), record.checks.get(f"coverage_{axis}")
        if item is not None:
            low, high = item["range"]
            facts.append((f"{axis} in pixels", f"{low:.4g} to {high:.4g}"))
        covered = f"{100 * part:.1f} %" if isinstance(part, int | float) else "not measured"
        facts.append((f"Covered of {axis}", covered))
    return facts


def _key(*, alone: bool) -> list[tuple[str, str]]:
    key = [("dot own", "this fixture, joined in its order")]
    if not alone:
        key.append(("dot all", "all positions of the source"))
    return [*key, ("dash", "along the edges: the range covered")]
