"""Merge of two versions of ``params.yaml``, entry by entry.

Lines are not what an entry is. Two branches that each add one often end in the same line, which git
then takes for one that both share; and an entry that inherits by ``<<: *anchor`` says something
else once the anchor's own entry changes. So what a merge says is read again, and each entry has to
be what the side declares that changed it, with all that it inherits.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TypeVar

from registry.compare import three_way
from registry.compare.three_way import Conflict, Merged
from registry.declare import FILE, edit, yaml_text
from registry.errors import CheckError
from registry.identity import schema
from registry.storage import git

# () is what stands before the first section, (section,) where one starts, (section, name) an entry
# with the comments above it, and (section, None) what stands after a section's last entry.
_Place = tuple[str | None, ...]
_Texts = dict[_Place, bytes]
# What each entry says: its value as Python shows it, in which 1 is neither 1.0 nor true.
_Values = dict[_Place, str]
_V = TypeVar("_V")


def merge(base: bytes, ours: bytes, theirs: bytes) -> Merged:
    """Merge three versions of the declaration, as git hands them to a merge driver.

    What git itself makes of their lines is taken where it says what it has to. Else each entry is
    taken as a whole.

    Raises
    ------
    CheckError
        One of them is no declaration, or what comes of them is none.
    """
    named = {"base": base, "ours": ours, "theirs": theirs}
    texts = {which: _decode(data, which) for which, data in named.items()}
    meant = three_way.merge(*(_values(text, which) for which, text in texts.items()))
    by_lines = git.merge_file(base, ours, theirs)
    if by_lines is not None and _says(by_lines, meant):
        return Merged(data=by_lines, conflicts=[])

    sides = [_parts(text) for text in texts.values()]
    parts = three_way.merge(*sides)
    for place in _wrong(parts, meant):
        mine, others = (side.get(place) for side in sides[1:])
        if mine is None and others is None:
            raise _refused("merged", f"{_name(place)} is written in another way on each side")
        # what is taken of it must not say something else again
        parts[place] = Conflict(
            _written_out(mine, place, texts["ours"]), _written_out(others, place, texts["theirs"])
        )
    return Merged(
        data=three_way.text(parts.values()),
        conflicts=[_name(place) for place, part in parts.items() if isinstance(part, Conflict)],
    )


def _says(data: bytes, meant: Mapping[_Place, str | Conflict[str]]) -> bool:
    """Whether a text is a declaration in which each entry says what it has to."""
    try:
        return _values(_decode(data, "merged"), "merged") == meant
    except CheckError:
        return False


def _wrong(
    parts: Mapping[_Place, bytes | Conflict[bytes]],
    meant: Mapping[_Place, str | Conflict[str]],
) -> list[_Place]:
    """Parts in no conflict that would say something else than they have to.

    What inherits from a part in conflict may follow it, whichever side is taken there.
    """
    conflicts = {place for place, part in parts.items() if isinstance(part, Conflict)}
    wrong: dict[_Place, None] = {}
    for which in ("ours", "theirs"):
        taken = [_taken(part, which) for part in parts.values()]
        try:
            found = _values(b"".join(filter(None, taken)).decode(), "merged")
        except CheckError:
            if conflicts:
                # of each conflict another side has to be taken
                continue
            raise
        for place in {**meant, **found}:
            if _taken(meant.get(place), which) != found.get(place):
                # an entry of a section that is one line is a part of that line
                wrong[place if place in parts else place[:1]] = None
    return [place for place in wrong if place not in conflicts]


def _taken(part: _V | Conflict[_V] | None, which: str) -> _V | None:
    """A part, one side of it where it is in conflict."""
    if isinstance(part, Conflict):
        return part.ours if which == "ours" else part.theirs
    return part


def _written_out(part: bytes | None, place: _Place, text: str) -> bytes | None:
    """An entry of one side, with all that it inherits there."""
    section, name = (*place, None)[:2]
    if part is None or name is None:
        return part
    entry = yaml_text.parse(text)[section][name]
    is_mapping = isinstance(entry, dict)
    return edit.written_out(part.decode(), name, entry).encode() if is_mapping else part


def _values(text: str, which: str) -> _Values:
    """What a declaration says, by section and entry, anchors and merge keys followed."""
    try:
        document = yaml_text.parse(text)
    except CheckError as error:
        raise _refused(which, error.found) from None
    beyond = schema.beyond_limits(document)
    if beyond is not None:
        raise _refused(which, str(beyond))
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise _refused(which, "no sections")
    values: _Values = {}
    for section, entries in document.items():
        is_mapping = isinstance(entries, dict)
        values[(section,)] = "entries" if is_mapping else repr(entries)
        if is_mapping:
            values |= {(section, name): _shown(entry) for name, entry in entries.items()}
    return values


def _shown(entry: object) -> str:
    """An entry, in which the order of keys says nothing: what it inherits stands where it may."""
    return repr(sorted(entry.items(), key=repr) if isinstance(entry, dict) else entry)


def _parts(text: str) -> _Texts:
    """The text cut into its parts, which are all of it, in its order."""
    text += "" if text.endswith("\n") or not text else "\n"
    starts: list[tuple[_Place, int]] = [*_starts(text), ((), len(text))]
    parts: dict[_Place, str] = {(): text[: starts[0][1]]}
    above = ""
    for (place, start), (following, end) in pairwise(starts):
        # an entry is indented, a section is not
        indent = max(_indent(text[start:end]), _indent(text[end:]))
        own, below = _cut(text[start:end], indent)
        parts[place] = above + own
        if len(following) == 2:
            above = below
            continue
        # comments that are indented stay with the section, others stand above the next one
        parts[place[0], None], above = _cut(below, 0) if following else (below, "")
    return {place: part.encode() for place, part in parts.items()}


def _starts(text: str) -> Iterator[tuple[_Place, int]]:
    """Sections and entries that start on lines of their own, and where those start."""
    last = -1
    for path, start in yaml_text.key_lines(text):
        # an alias leads to where its anchor is
        if start > last:
            yield path, start
            last = start


def _cut(text: str, outer: int) -> tuple[str, str]:
    """What is said and the comments below it that are indented further, and what follows."""
    lines = list(io.StringIO(text, newline=""))
    own = [
        number
        for number, line in enumerate(lines, 1)
        if line.strip() and (not line.lstrip().startswith("#") or _indent(line) > outer)
    ]
    end = own[-1] if own else 0
    return "".join(lines[:end]), "".join(lines[end:])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _name(place: _Place) -> str:
    """A part's name, for people."""
    if not place:
        return "the comments at the top"
    if place[-1] is None:
        return f"the comments at the end of {schema.dotted(place[:1])}"
    return schema.dotted(place)


def _decode(data: bytes, which: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _refused(which, str(error)) from None


def _refused(which: str, found: str) -> CheckError:
    return CheckError(
        f"{FILE} ({which})",
        expected="YAML 1.2 in UTF-8, a mapping of sections",
        found=found,
        remedy="settle the conflict by hand, then fixtures check-params",
    )
