"""The text of ``params.yaml``: an entry is put in, and every other byte stays as it is."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.declare import params
from registry.errors import CheckError

# Text that YAML 1.1 and 1.2 both read as text, wherever it stands; all else is put in quotes.
_PLAIN = re.compile(r"[A-Za-z_/][\w./+-]*(?: [\w./+-]+)*", re.ASCII)
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_LINE_END = re.compile(r"\r\n|\n|\r")


def insert(
    text: str, section: str, name: str, entry: Mapping[str, Any], *, like: str | None = None
) -> str:
    r"""Text in which a section has one entry more, after its last one.

    Parameters
    ----------
    text : str
        The declaration, which `params.parse` can read.
    section : str
        ``sources`` or ``fixtures``.
    name, entry : str, mapping
        The new entry, which the section does not have.
    like : str, optional
        An entry of the section. Where it has an anchor, the new one merges it and names only what
        differs.

    Raises
    ------
    CheckError
        There is no such section, or nowhere that an entry can be put in.

    >>> text = "sources: {}\nfixtures:\n  a_v1: {n: 1} # one\n# the end"
    >>> print(insert(text, "fixtures", "b_v1", {"n": 2, "created": "2026-11-23T00:00:00Z"}))
    sources: {}
    fixtures:
      a_v1: {n: 1} # one
    <BLANKLINE>
      b_v1:
        n: 2
        created: "2026-11-23T00:00:00Z"
    # the end
    """
    document, tree = params.parse(text), _tree(text)
    for written in _written(tree, document, section, entry, like):
        found = _insert(text, tree, section, name, written)
        if found is not None and _is_what_is_meant(document, found, section, name, entry):
            return found
    shown = "".join(f"\n            {line}" for line in _lines(name, _full(entry), "", "  "))
    raise CheckError(
        f"{params.FILE}: {section}",
        expected=f"a section {section}: to which an entry can be added",
        found="none, or one that is written in another way",
        remedy=f"put the entry there by hand:{shown}",
    )


@dataclass(kw_only=True, slots=True)
class _Node:
    """A node of the text: where it starts and ends, and the pairs of a mapping."""

    start: int
    end: int
    column: int
    text: str = ""
    anchor: str | None = None
    flow: bool = False
    pairs: list[tuple[_Node, _Node]] = field(default_factory=list)

    def child(self, key: str) -> _Node | None:
        return next((value for name, value in self.pairs if name.text == key), None)


def _tree(text: str) -> _Node | None:
    """The text's nodes, from events: nodes of ruamel's own stand for an alias where it leads to."""
    from ruamel.yaml import YAML, events

    # a stream starts, then a document, if there is one
    parsed = deque(YAML(typ="safe", pure=True).parse(text))
    parsed.popleft()
    parsed.popleft()
    ends = (events.MappingEndEvent, events.SequenceEndEvent)

    def node() -> _Node:
        event = parsed.popleft()
        found = _Node(
            start=event.start_mark.index,
            end=event.end_mark.index,
            column=event.start_mark.column,
            anchor=event.anchor,
        )
        if isinstance(event, events.ScalarEvent):
            found.text = event.value
        elif isinstance(event, events.CollectionStartEvent):
            found.flow = bool(event.flow_style)
            while not isinstance(parsed[0], ends):
                child = node()
                if isinstance(event, events.MappingStartEvent):
                    key, child = child, node()
                    if child.start == child.end:
                        # nothing is written there; its mark is at what follows
                        child.end = key.end + 1
                    found.pairs.append((key, child))
                found.end = child.end
            closing = parsed.popleft()
            if found.flow:
                found.end = closing.end_mark.index
        return found

    return node() if parsed else None


def _written(
    tree: _Node | None, document: Any, section: str, entry: Mapping[str, Any], like: str | None
) -> Iterator[dict[str, str]]:
    """Ways to write an entry, the shortest first: key and value as they stand in the text."""
    if like is not None:
        entries = tree.child(section) if tree else None
        node = entries.child(like) if entries else None
        base = document[section][like]
        if node is not None and node.anchor:
            own = {key: value for key, value in entry.items() if base.get(key, _NONE) != value}
            yield {"<<": f"*{node.anchor}", **_full(own)}
    yield _full(entry)


_NONE = object()


def _full(entry: Mapping[str, Any]) -> dict[str, str]:
    return {_key(key): scalar(value) for key, value in entry.items()}


def _insert(
    text: str, tree: _Node | None, section: str, name: str, written: dict[str, str]
) -> str | None:
    entries = tree.child(section) if tree else None
    if tree is None or entries is None:
        return None
    if not entries.pairs:
        return _first(text, tree, entries, name, written)
    if entries.flow or tree.flow:
        inside = ", ".join(f"{key}: {value}" for key, value in written.items())
        place = entries.pairs[-1][1].end
        return f"{text[:place]}, {_key(name)}: {{{inside}}}{text[place:]}"
    column = entries.pairs[0][0].column
    inner = next((value.pairs[0][0].column for _, value in reversed(entries.pairs)
                  if value.pairs and not value.flow), column + 2)  # fmt: skip
    indent = " " * column
    lines = _lines(name, written, indent, " " * max(inner, column + 1))
    if len(entries.pairs) == 1 or _is_apart(text, entries):
        lines.insert(0, "")
    return _put(text, _after(text, entries.pairs[-1][1].end, column), lines)


def _first(
    text: str, tree: _Node, entries: _Node, name: str, written: dict[str, str]
) -> str | None:
    """The text with the first entry of a section, for which braces with nothing inside give way."""
    if tree.flow or entries.text:
        return None
    columns = [value.pairs[0][0].column for _, value in tree.pairs
               if value.pairs and not value.flow]  # fmt: skip
    column = columns[0] if columns else tree.column + 2
    place = entries.end
    if entries.flow:
        if "".join(text[entries.start : entries.end].split()) != "{}":
            return None
        head = text[: entries.start].rstrip(" \t")
        text, place = head + text[entries.end :], len(head)
    lines = _lines(name, written, " " * column, " " * (column + 2))
    return _put(text, _end_of_line(text, place), lines)


def _lines(name: str, written: Mapping[str, str], outer: str, inner: str) -> list[str]:
    return [
        f"{outer}{_key(name)}:",
        *(f"{inner}{key}: {value}" for key, value in written.items()),
    ]


def _is_apart(text: str, entries: _Node) -> bool:
    """Whether an empty line is between the last entry and the one before."""
    between = text[entries.pairs[-2][1].end : entries.pairs[-1][0].start]
    return any(not line.strip() for line in _LINE_END.split(between)[1:-1])


def _after(text: str, place: int, column: int) -> int:
    """Where the line after an entry starts; comments that are indented as its keys are are its."""
    # what ends at the start of a line has ended with the line before
    place = place if text[place - 1 : place] in ("\n", "\r") else _end_of_line(text, place)
    position = place
    while position < len(text):
        end = _end_of_line(text, position)
        line = text[position:end]
        stripped = line.lstrip(" ")
        if stripped.startswith("#") and len(line) - len(stripped) > column:
            place = end
        elif stripped.strip():
            break
        position = end
    return place


def _end_of_line(text: str, place: int) -> int:
    """Where the next line starts, or where the text ends."""
    match = _LINE_END.search(text, place)
    return match.end() if match else len(text)


def _put(text: str, place: int, lines: list[str]) -> str:
    """The text with lines more, which end as its own do."""
    ends = _LINE_END.findall(text[:place]) or _LINE_END.findall(text) or ["\n"]
    new = "".join(line + ends[-1] for line in lines)
    if place and text[place - 1] not in "\n\r":
        new = ends[-1] + new
    return text[:place] + new + text[place:]


def _is_what_is_meant(
    before: Any, text: str, section: str, name: str, entry: Mapping[str, Any]
) -> bool:
    """Whether a text says what the one before says, and the new entry."""
    try:
        after = params.parse(text)
        found = after[section].pop(name)
    except (CheckError, KeyError, TypeError, AttributeError):
        return False
    # texts, because 1 is equal to true, and order is part of what is said
    if repr(sorted(found.items())) != repr(sorted(entry.items())):
        return False
    if not after[section] and not before[section]:
        # the first entry of a section that may have been written as nothing at all
        after[section] = before[section]
    return repr(after) == repr(before)


def _key(name: str) -> str:
    # the key Y is no yes to any reader of this file
    return name if re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) else scalar(name)


def scalar(value: Any) -> str:
    """A value as it is written in ``params.yaml``, on one line.

    >>> print(*map(scalar, [64, True, 1e6, "grid", "2026-11-23", "yes", [1, "a, b"]]))
    64 true 1000000.0 grid "2026-11-23" "yes" [1, "a, b"]
    """
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{scalar(key)}: {scalar(item)}" for key, item in value.items())
        return f"{{{inside}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(scalar, value))}]"
    # numbers, and what is none
    return str(value).replace("inf", ".inf").replace("nan", ".nan")
