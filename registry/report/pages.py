"""The report's pages: HTML from jinja2 templates, everything escaped that comes from elsewhere."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.drawing import Picture, complex_pair
from registry.field import of
from registry.identity import certificate, chain
from registry.identity.chain import Link
from registry.identity.sidecar import Sidecar
from registry.page import Page
from registry.report import figures, training
from registry.report.facts import Facts
from registry.report.training import Run
from registry.verify import Tested

if TYPE_CHECKING:
    import jinja2
    import numpy as np
    from markupsafe import Markup

_SHARED = ("report.css", "report.js")
# Pictures on a card.
_ON_CARD = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """A digest to compare or copy: whose, which kind, and its text."""

    of: str
    kind: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownLink:
    """A link of the chain as the page lists it, with one word for what was found of it."""

    name: str
    meaning: str
    verdict: str
    detail: str
    digests: list[Digest]


@dataclass(frozen=True, kw_only=True, slots=True)
class Planted:
    """Planted mistakes to which the same happened: ``by`` are the criteria that found them."""

    verdict: str
    by: tuple[str, ...]
    names: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownRun:
    """A training run with its pictures."""

    run: Run
    pictures: list[Picture]


def fixture(root: Path, facts: Facts, arrays: Mapping[str, np.ndarray] | None) -> dict[str, bytes]:
    """Files of one fixture's page, by their path in the report.

    Parameters
    ----------
    root : path
        The registry, for what training left there.
    facts : Facts
    arrays : mapping or None
        Verified arrays. Without them there are no pictures, and no limits that follow from them.
    """
    record = facts.record
    page = Page()
    if record is not None:
        page = of(record.field).page(arrays, record, facts.source)
    shown = [_run(root, run) for run in facts.runs]
    html = render(
        "fixture.html.j2",
        src=_file,
        facts=facts,
        record=record,
        notices=notices(facts),
        page=page,
        links=_links(facts),
        runs=shown,
        rows=_rows(record) if record else "",
        mistakes=_mistakes(record) if record else [],
        means=_mistakes_mean(record) if record else {},
        arrays=_inventory(record.arrays) if record else [],
        machines=certificate.summary(facts.certificate),
        machines_head=certificate.HEAD,
        top="../",
    )
    files = {f"{facts.name}/index.html": html}
    drawn = [section.pictures for section in page.sections]
    for picture in itertools.chain(*drawn, page.charts, *(item.pictures for item in shown)):
        files[f"{facts.name}/{_file(picture)}"] = picture.light
        if picture.dark is not None:
            files[f"{facts.name}/{_file(picture, dark=True)}"] = picture.dark
    return files


def _file(picture: Picture, *, dark: bool = False) -> str:
    return f"{picture.name}{'-dark' if dark else ''}.{picture.suffix}"


def shared(
    found: Sequence[Facts], files: Mapping[str, Sequence[str]], criteria: str
) -> dict[str, bytes]:
    """The index, the page on criteria, and the files that all pages use.

    Parameters
    ----------
    found : sequence of Facts
        In the order of the cards.
    files : mapping of str to sequence of str
        Each page's files, by the fixture's name.
    criteria : str
        HTML that explains criteria; empty where there is none.
    """
    cards = [
        {
            "facts": item,
            "record": item.record,
            "rows": _rows(item.record) if item.record else "",
            "notices": notices(item),
            "thumbnails": _thumbnails(item, files[item.name]),
        }
        for item in found
    ]
    loader = _environment().loader
    assert loader is not None
    contents = {name: loader.get_source(_environment(), name)[0].encode() for name in _SHARED}
    contents["index.html"] = render("index.html.j2", cards=cards, top="")
    if criteria:
        contents["checks.html"] = render("checks.html.j2", criteria=criteria, top="")
    return contents


def _thumbnails(facts: Facts, files: Sequence[str]) -> list[tuple[str, str]]:
    """Pictures that a card shows, as far as the page has them, and what they show."""
    if facts.record is None:
        return []
    names = {file.removeprefix(f"{facts.name}/"): file for file in files}
    wanted = of(facts.record.field).on_card or {
        name: name.rpartition(".")[0].removeprefix("array-")
        for name in names
        if name.endswith((".svg", ".png")) and not name.endswith("-dark.svg")
    }
    # they lie on a dark mat
    dark = {name.replace("-dark.svg", ".svg"): file for name, file in names.items()}
    names |= {name: file for name, file in dark.items() if name in names}
    return [(names[name], what) for name, what in wanted.items() if name in names][:_ON_CARD]


def notices(facts: Facts) -> list[tuple[str, str, str]]:
    """What has to be seen before anything else: kind, a word for a badge, and a sentence."""
    found = []
    for link in facts.broken:
        word, what = _verdict(link), "Not here, so not tested" if link.missing else "Failing link"
        found.append(("bad", word, f"{what}: {link.name}"))
    record = facts.record
    if record is not None and record.doubt:
        known = of(record.field)
        sentence = (
            f"{known.subject.capitalize()} {record.verdict}: {record.doubt}. Nothing says that "
            f"{known.claim}."
        )
        found.append(("odd", f"{known.subject} {record.verdict}", sentence))
    if record is not None and record.defect is not None:
        name, refused = record.defect["name"], ", ".join(record.defect["refused_by"])
        sentence = (
            f"A defect was planted on purpose, {name}: {record.defect['description']}. "
            f"Refused by {refused}. What its sidecar measured is of the good arrays that it was "
            "made from."
        )
        found.append(("odd", f"defect: {name}", sentence))
    if facts.deprecated:
        found.append(("odd", "deprecated", facts.deprecated))
    return found


def _run(root: Path, run: Run) -> ShownRun:
    pictures = []
    if len(run.losses) > 1:
        pictures.append(figures.losses(f"loss-g{run.gridsize}", run.losses))
    if run.reconstruction and (found := training.reconstruction(root, run)) is not None:
        obj, scanned = found
        pictures += complex_pair(f"reconstruction g{run.gridsize}", obj, ~scanned)
    return ShownRun(run=run, pictures=pictures)


def _rows(record: Sidecar) -> str:
    """What was cut from the source, several of which it holds; empty where it was not cut."""
    if not record.subset_size:
        return ""
    return f"{of(record.field).row}s"


def _inventory(arrays: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "dtype": item["dtype"],
            "shape": " × ".join(map(str, item["shape"])) or "scalar",
            "range": f"{item['range'][0]:.4g} to {item['range'][1]:.4g}",
            "sha256": item["sha256"],
        }
        for name, item in arrays.items()
    ]


def _mistakes(record: Sidecar) -> list[Planted]:
    """Planted mistakes: missed, found by the same criteria, and those that change nothing here."""
    if record.mistakes is None:
        return []
    found: dict[tuple[str, ...], list[str]] = {}
    for name, by in record.mistakes["found"].items():
        # a criterion's name may tell an array as well
        found.setdefault(tuple(sorted({one.partition(":")[0] for one in by})), []).append(name)
    largest_first = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    planted = [
        Planted(verdict="missed", by=(), names=list(record.mistakes["missed"])),
        *(Planted(verdict="found", by=by, names=names) for by, names in largest_first),
        Planted(verdict="no mistake here", by=(), names=list(record.mistakes.get("none", ()))),
    ]
    return [item for item in planted if item.names]


def _mistakes_mean(record: Sidecar) -> dict[str, str]:
    """What is wrong where a mistake was made, by its name."""
    return {mistake.name: mistake.meaning for mistake in of(record.field).mistakes()}


def _links(facts: Facts) -> list[ShownLink]:
    """The chain as it should be, with what was found; what is behind a broken link is untested."""
    found = {tested.link: tested for tested in facts.links}
    digests = _digests(facts)
    return [
        ShownLink(
            name=link.name,
            meaning=f"{link.meaning[0].upper()}{link.meaning[1:]}.",
            verdict=_verdict(found.get(link)),
            detail=found[link].detail if link in found else "",
            digests=digests.get(link, []),
        )
        for link in chain.LINKS
        if link in found or link in facts.announced
    ]


def _verdict(tested: Tested | None) -> str:
    if tested is None:
        return "not tested"
    return "holds" if tested.holds else "missing" if tested.missing else "broken"


def _digests(facts: Facts) -> dict[Link, list[Digest]]:
    """What each link is tested by. Of the sidecar's only where it is the pinned one."""
    pin, record = facts.pin, facts.record
    found: dict[Link, list[Digest]] = {}
    if pin is not None:
        found[chain.SIDECAR] = [Digest(of=pin.sidecar_path, kind="md5", text=pin.sidecar_md5)]
        found[chain.MD5] = [Digest(of=pin.path, kind="md5", text=pin.md5)]
    if pin is not None and record is not None:
        found[chain.SCHEMAS] = [
            Digest(of=f"schemas/{name}", kind="SHA-256", text=text)
            for name, text in record.schemas.items()
        ]
        generators = {record.generator_script: record.generator_commit, **record.generator_helpers}
        for link, files in (
            (chain.GENERATOR, generators),
            (chain.SOURCE_GENERATOR, record.source_generators),
        ):
            found[link] = [
                Digest(of=name, kind="git blob", text=text.removeprefix("blob:"))
                for name, text in files.items()
            ]
        found[chain.BYTES] = [Digest(of=pin.path, kind="SHA-256", text=record.sha256_checksum)]
        found[chain.ARRAYS] = [Digest(of="content", kind="SHA-256", text=record.content_sha256)]
    return found


def render(template: str, **values: Any) -> bytes:
    """A page. ``src(picture, dark=...)`` says where a picture is."""
    return _environment().get_template(template).render(**values).encode()


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("registry.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        badges=_badges, breakable=_breakable, megabytes=_megabytes, plain=_plain
    )
    return environment


def _badges(notices: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Kind and word of each, once."""
    return list(dict.fromkeys((kind, word) for kind, word, _ in notices))


def _breakable(text: str) -> Markup:
    """Text that may be broken behind each underscore and slash, where a phone has no room."""
    from markupsafe import Markup, escape

    pieces = re.split(r"(?<=[_/])", text)
    return Markup("<wbr>").join(map(escape, pieces))


# Units at the ends of keys.
_UNITS = {"s": "s", "mb": "MB", "percent": "%", "px": "px", "rad": "rad", "hz": "Hz"}


def _plain(key: str, *, unit: bool = True) -> str:
    """A key in words, with its unit or without.

    >>> _plain("phase_error_rad"), _plain("train_limit_s", unit=False), _plain("n_subset")
    ('Phase error [rad]', 'Train limit', 'N subset')
    """
    *words, last = key.split("_")
    if words and last in _UNITS:
        last = f"[{_UNITS[last]}]" if unit else ""
    text = " ".join([*words, last]).rstrip()
    return f"{text[:1].upper()}{text[1:]}"


def _megabytes(size: int) -> str:
    """Size in words.

    >>> _megabytes(970_036), _megabytes(4_641_831)
    ('0.97 MB', '4.64 MB')
    """
    return f"{size / 1e6:.2f} MB"
