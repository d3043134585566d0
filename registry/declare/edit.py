"""The text of ``params.yaml``: an entry is put in, and every other byte stays as it is."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from registry.declare import FILE, yaml_text
from registry.errors import CheckError

# Text that YAML 1.1 and 1.2 both read as text, wherever it stands; all else is put in quotes.
_PLAIN = re.compile(r"[A-Za-z_/][\w./+-]*(?: [\w./+-]+)*", re.ASCII)
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def insert(
    text: str, section: str, name: str, entry: Mapping[str, Any], *, like: str | None = None
) -> str:
    r"""Text in which a section has one entry more, after its last one.

    The section is written as a block, an entry to a line and below it; or has no entry yet. The
    lines alone are looked at, and what comes of it is read again: it has to say what is meant.

    Parameters
    ----------
    text : str
        The declaration, which `yaml_text.parse` can read.
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
        There is no such section, or it is written in another way; the message has the entry.

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
    document = yaml_text.parse(text)
    for written in _written(text, document, section, entry, like):
        found = _inserted(text, section, name, written)
        if found is not None and _is_what_is_meant(document, found, section, name, entry):
            return found
    shown = "".join(f"\n            {line}" for line in _lines(name, _full(entry), 0, 2))
    raise CheckError(
        f"{FILE}: {section}",
        expected=f"a section {section}: to which an entry can be added",
        found="none, or one that is written in another way",
        remedy=f"put the entry there by hand:{shown}",
    )


def written_out(text: str, name: str, entry: Mapping[str, Any]) -> str:
    r"""The text of an entry with all that it inherits, so that it says the same wherever it stands.

    Comments above and below it stay, and so does its anchor. Where values cannot be written so, the
    text is as it was.

    >>> print(written_out("  # one\n  b_v1: &b {<<: *a, n: 1}\n", "b_v1", {"m": 2, "n": 1}), end="")
      # one
      b_v1: &b
        m: 2
        n: 1
    """
    lines = text.splitlines(keepends=True)
    said = [number for number, line in enumerate(lines) if _indent(line) is not None]
    if not said:
        return text
    outer = _indent(lines[said[0]]) or 0
    anchor = re.search(r":\s+(&\S+)", lines[said[0]])
    key, *values = _lines(name, _full(entry), outer, outer + 2)
    new = "".join(f"{line}\n" for line in (key + (f" {anchor[1]}" if anchor else ""), *values))
    try:
        if repr(yaml_text.parse(new)) != repr({name: entry}):
            return text
    except CheckError:
        return text
    return "".join([*lines[: said[0]], new, *lines[said[-1] + 1 :]])


def _written(
    text: str, document: Any, section: str, entry: Mapping[str, Any], like: str | None
) -> Iterator[dict[str, str]]:
    """Ways to write an entry, the shortest first: key and value as they stand in the text."""
    anchor = like and re.search(rf"^ +{re.escape(like)}: +&([\w-]+)", text, re.ASCII | re.MULTILINE)
    if anchor:
        base = document[section][like]
        own = {key: value for key, value in entry.items() if base.get(key, _NONE) != value}
        yield {"<<": f"*{anchor[1]}", **_full(own)}
    yield _full(entry)


_NONE = object()


def _full(entry: Mapping[str, Any]) -> dict[str, str]:
    return {_key(key): scalar(value) for key, value in entry.items()}


def _inserted(text: str, section: str, name: str, written: Mapping[str, str]) -> str | None:
    # each with its end, as YAML has them: \r\n, \n or \r
    lines = list(io.StringIO(text, newline=""))
    start = next((n for n, line in enumerate(lines, 1) if line.startswith(f"{section}:")), None)
    if start is None:
        return None
    # braces with nothing inside give way to the first entry
    lines[start - 1] = re.sub(r"^(\w+:)[ \t]*\{[ \t]*\}", r"\1", lines[start - 1])
    indents = list(map(_indent, lines))
    end = indents.index(0, start) if 0 in indents[start:] else len(lines)

    said = [n for n in range(start, end) if indents[n]]
    outer = next(filter(None, indents[start:end] if said else indents), 2)
    keys = [n for n in said if indents[n] == outer]
    # as in the last entry that is a block
    inner = [indents[n] for key, n in pairwise(said) if indents[key] == outer != indents[n]]
    new = _lines(name, written, outer, (inner and inner[-1]) or outer + 2)
    if keys:
        between = lines[max([start, *(n + 1 for n in said if n < keys[-1])]) : keys[-1]]
        if len(keys) == 1 or not all(map(str.strip, between)):
            new.insert(0, "")

    # a comment below the last entry is its own where it is indented as its keys are
    own = re.compile(rf" {{{outer + 1},}}#")
    place = max([start, *(n + 1 for n in range(start, end) if indents[n] or own.match(lines[n]))])
    ends = [line[len(line.rstrip("\r\n")) :] for line in lines]
    ending = next(filter(None, [*reversed(ends[:place]), *ends]), "\n")
    if not ends[place - 1]:
        lines[place - 1] += ending
    return "".join([*lines[:place], *(line + ending for line in new), *lines[place:]])


def _indent(line: str) -> int | None:
    """How far a line is indented; None for one that is empty or a comment."""
    said = line.lstrip(" ")
    return None if not said.strip() or said.startswith("#") else len(line) - len(said)


def _lines(name: str, written: Mapping[str, str], outer: int, inner: int) -> list[str]:
    pairs = (f"{' ' * inner}{key}: {value}" for key, value in written.items())
    return [f"{' ' * outer}{_key(name)}:", *pairs]


def _is_what_is_meant(
    before: Any, text: str, section: str, name: str, entry: Mapping[str, Any]
) -> bool:
    """Whether a text says what the one before says, and the new entry."""
    try:
        after = yaml_text.parse(text)
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
