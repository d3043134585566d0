"""The page of a comparison: one file, in the report's dress, with its pictures in it.

The same comparison gives the same bytes. Needs the extra ``report``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from registry import extras
from registry.compare import array_difference, fixture_difference, wording
from registry.compare.array_difference import ArrayDifference
from registry.compare.fixture_difference import FieldDifference, FixtureDifference
from registry.compare.operand import Operand
from registry.drawing import Picture, Scale, draw_image, phases, silently, value_range
from registry.field import of
from registry.page import Section, Side
from registry.report import facts, figures, pages

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

# Rows of a stack that are shown, of those that differ.
_MOST_ROWS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pair:
    """What is shown of A and B, and of which part; ``paired`` where it belongs together."""

    of: str
    a: np.ndarray
    b: np.ndarray
    paired: bool = True


def render(found: FixtureDifference) -> bytes:
    """The page.

    Raises
    ------
    MissingError
        The extra ``report`` is not installed.
    """
    extras.require(
        "report",
        "fixtures diff --html",
        "matplotlib",
        "jinja2",
        expected="matplotlib and jinja2, with which the page is made",
    )
    return pages.render(
        "comparison.html.j2",
        src=_embedded,
        found=found,
        meaning=fixture_difference.MEANINGS[found.verdict],
        head=wording.HEAD,
        rows=[wording.row(item) for item in found.arrays if not _is_identical(item)],
        identical=[item.name for item in found.arrays if _is_identical(item)],
        fields=[(item.field, *_cells(item)) for item in found.fields],
        sections=list(sections(found)),
    )


def _is_identical(item: ArrayDifference) -> bool:
    return item.verdict == array_difference.IDENTICAL


def _embedded(picture: Picture, *, dark: bool = False) -> str:
    kind = "svg+xml" if picture.suffix == "svg" else picture.suffix
    data = picture.dark if dark and picture.dark is not None else picture.light
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _cells(item: FieldDifference) -> tuple[str, str]:
    if not item.is_text:
        return wording.shown(item.a), wording.shown(item.b)
    before, after = (
        "\n".join(line for sign, line in item.text_lines() if sign == wanted) for wanted in "-+"
    )
    return before, after


def sections(found: FixtureDifference) -> Iterator[Section]:
    """What the field shows of both, and then each array that differs and can be drawn."""
    a, b = found.a, found.b
    if a.arrays is None or b.arrays is None or found.same:
        return
    records = [side.sidecar for side in (a, b) if side.sidecar is not None]
    if records:
        yield from of(records[0].field).compared(_side(a), _side(b))
    first, second = fixture_difference.rows_first(a), fixture_difference.rows_first(b)
    drawn: dict[tuple[bytes, bytes], str] = {}
    for number, item in enumerate(found.arrays):
        left, right = first.get(item.name), second.get(item.name)
        if _is_identical(item) or left is None or right is None:
            continue
        anchor, key = f"array-{number}", (left.tobytes(), right.tobytes())
        if left.size and key in drawn:
            yield Section(anchor=anchor, title=item.name, words=f"as {drawn[key]}", pictures=())
            continue
        drawn[key] = item.name
        section = _section(anchor, item, left, right, found)
        if section is not None:
            yield section


def _side(side: Operand) -> Side:
    source = None
    if side.sidecar is not None and side.schemas is not None:
        # the registry's folder, of which a side knows that of the schemas
        source = facts.source_of(side.schemas.parent, side.sidecar)
    return Side(arrays=side.arrays or {}, record=side.sidecar, source=source)


def _section(
    anchor: str, item: ArrayDifference, a: np.ndarray, b: np.ndarray, found: FixtureDifference
) -> Section | None:
    kinds = a.dtype.kind + b.dtype.kind
    if not (a.size and b.size and set(kinds) <= set("biufc")) or a.ndim != b.ndim:
        return None
    if a.ndim == 1:
        if "c" in kinds:
            return None
        charts = figures.lines(item.name, _finite(_wide(a)), _finite(_wide(b)))
        return Section(anchor=anchor, title=item.name, words=item.note, pictures=charts)
    if a.ndim not in (2, 3):
        return None
    words, charts, pairs = item.note, [], [_Pair(of="", a=a, b=b, paired=a.shape == b.shape)]
    if a.ndim == 3:
        said, charts, pairs = _rows(a, b, found)
        words = " ".join(filter(None, (words, said)))
    pictures = [picture for pair in pairs for picture in _images(item.name, pair, "c" in kinds)]
    return Section(
        anchor=anchor,
        title=item.name,
        words=words,
        pictures=[*charts, *pictures],
        columns=3 if pairs and pairs[0].paired else 2,
    )


def _rows(
    a: np.ndarray, b: np.ndarray, found: FixtureDifference
) -> tuple[str, list[Picture], list[_Pair]]:
    """The rows that differ most, a chart of how much each does, and what is to be said of them."""
    word = fixture_difference.row_word(found.a if found.a.sidecar else found.b)
    indices = _belonging(a, b, found)
    if indices is None:
        # rows that do not belong to each other are not taken from each other
        return (
            f"No {word}s that belong together: the first of each.",
            [],
            [_Pair(of=f"{word} 0", a=a[0], b=b[0], paired=False)],
        )
    rows_a, rows_b = indices
    apart = np.array([_largest(a[i], b[j]) for i, j in zip(rows_a, rows_b, strict=True)])
    most = [int(n) for n in np.argsort(-apart, kind="stable")[:_MOST_ROWS] if apart[n] > 0]
    differing = int(np.count_nonzero(apart))
    words = f"{differing} of the {len(apart)} {word}s that both have differ in a value."
    if not differing:
        return words, [], []
    if differing > len(most):
        words += f" Shown are the {len(most)} that differ most."
    pairs = [
        _Pair(
            of=f"{word} {rows_a[n]}" + (f" and {rows_b[n]}" if rows_a[n] != rows_b[n] else ""),
            a=a[rows_a[n]],
            b=b[rows_b[n]],
        )
        for n in most
    ]
    return words, [figures.by_row(word, rows_a, apart)] if len(apart) > 1 else [], pairs


def _belonging(
    a: np.ndarray, b: np.ndarray, found: FixtureDifference
) -> tuple[Sequence[int], Sequence[int]] | None:
    """Numbers of rows of A and of B that belong together.

    Those with one place in the same source; where none is known, those of one number.
    """
    if a.shape[1:] != b.shape[1:]:
        return None
    first, second = found.a.sidecar, found.b.sidecar
    if first is not None and second is not None and first.source_sha256 == second.source_sha256:
        before, after = first.subset_indices, second.subset_indices
        if len(before) == len(a) and len(after) == len(b):
            place = {index: row for row, index in enumerate(after)}
            rows = [row for row, index in enumerate(before) if index in place]
            return (rows, [place[before[row]] for row in rows]) if rows else None
    return (range(len(a)), range(len(b))) if len(a) == len(b) else None


def _largest(a: np.ndarray, b: np.ndarray) -> float:
    """The largest distance of two values. What is no number has none."""
    with silently():
        return float(np.nan_to_num(np.abs(_finite(_wide(b) - _wide(a))), nan=0.0).max())


def _images(name: str, pair: _Pair, is_complex: bool) -> Iterator[Picture]:
    """A, B and, where they are a pair, B − A: of complex arrays amplitude, and then phase."""
    a, b = _wide(pair.a), _wide(pair.b)
    with silently():
        if not is_complex:
            yield from _three(name, pair, "", [a, b], None)
            return
        yield from _three(name, pair, "amplitude", [np.abs(a), np.abs(b)], None)
        # the short way round the circle
        turned = np.angle(b * np.conj(a)) if pair.paired else None
        found, scale = phases(_finite(a), _finite(b))
        yield from _three(name, pair, "phase", found, scale, turned)


def _three(
    name: str,
    pair: _Pair,
    view: str,
    sides: list[Real],
    scale: Scale | None,
    apart: Real | None = None,
) -> Iterator[Picture]:
    shown = [_finite(side) for side in sides]
    if scale is None:
        both = value_range(np.concatenate([side.ravel() for side in shown]))
        scale = Scale.between("gray" if view else "viridis", *both)
        apart = sides[1] - sides[0] if pair.paired else None
    panels = [
        (letter, side, scale, figures.span(side)) for letter, side in zip("AB", shown, strict=True)
    ]
    if apart is not None:
        apart = _finite(apart)
        limit = float(np.nan_to_num(np.abs(apart), nan=0.0).max())
        around = Scale.between("RdBu_r", -limit, limit, "rad" if view == "phase" else "")
        panels.append(("B − A", apart, around, f"within ±{limit:.3g}"))
    for which, image, colours, words in panels:
        title = ", ".join(filter(None, (which, pair.of, view)))
        yield draw_image("", title, f"{name}, {title}: {words}.", image, colours)


def _wide(values: np.ndarray) -> Any:
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)


def _finite(values: np.ndarray) -> Any:
    """The same with NaN, which is not drawn, for what is infinite."""
    return np.where(np.isfinite(values), values, np.nan)
