"""What every reader of YAML reads alike, read fast: plain lines, as people and programs write them.

Be it YAML 1.1 or 1.2, libyaml or ruamel: where each line of a text has one of a few forms and each
value is plainly a text, a number or a switch, they agree on what the text says. Of any other text
nothing is said here, nor whether it is right.
"""

from __future__ import annotations

import re
from typing import Any

from registry.identity import plain_yaml


def parse(text: str) -> Any:
    r"""What a text says, as DVC reads it.

    >>> parse("a: &a {n: 1, of: 0.5}\nb: {<<: *a, n: true}\n")
    {'a': {'n': 1, 'of': 0.5}, 'b': {'n': True, 'of': 0.5}}

    Raises
    ------
    ValueError
        It takes another reader to tell.
    """
    if _LINES.fullmatch(text) is None or not (text.isascii() or max(text) <= "\uffff"):
        raise ValueError("a line of another form")
    document = plain_yaml.load(text.encode(), scalar=_scalar, mapping=_mapping)
    if not isinstance(document, dict):
        raise ValueError("no mapping")
    return document


# Signs that mean nothing inside a text, beside letters, digits and _ of all languages. A colon may
# mean something where space follows it, a number sign where space is before it: there is none but
# that of a URL. In braces and brackets more signs do, and in quotes hardly one.
_IN_BRACES = r"(?:[\w./+()=@~-]|:(?=/))"
_IN_LINE = r"(?:[\w./+()=@~,;'\"%-]|:(?=/))"
_QUOTABLE = r"\w !#$%&()*+,./:;<=>?@\[\]^`{|}~\-"
_FIRST = r"(?:[A-Za-z0-9_./]|-(?=[A-Za-z0-9]))"
_TEXT_IN_BRACES = rf"{_FIRST}{_IN_BRACES}*(?: +{_IN_BRACES}+)*"
_TEXT = rf"{_FIRST}{_IN_LINE}*(?: +{_IN_LINE}+)*"
_QUOTED = rf"'(?:[{_QUOTABLE}\"\\]|'')*'|\"[{_QUOTABLE}']*\""
_WORD = r"[A-Za-z_][A-Za-z0-9_]{0,99}"
_KEY = rf"(?:{_WORD}|<<)"
_ATOM = rf"(?:{_QUOTED}|\*{_WORD}|{_TEXT_IN_BRACES})"
_LIST = rf"\[(?:{_ATOM}(?:, *{_ATOM})*)?\]"
_PAIR = rf"{_KEY}: +{_ATOM}"
_BRACES = rf"\{{(?:{_PAIR}(?:, *{_PAIR})*)?\}}"
_VALUE = rf"(?:{_QUOTED}|\*{_WORD}|{_LIST}|{_BRACES}|[>|]-?|{_TEXT})"
# Maybe a key, which may begin an item of a list; its value, or an item, or more of the text above;
# a comment. Of lines with nothing but space readers make one thing or another.
_LINE = (
    rf" {{0,24}}(?=[^ \n])(?!\.\.\.)(?:- +)?(?:{_KEY}:(?: +&{_WORD})?(?: +(?=[^ \n])|(?=\n)))?"
    rf"(?:{_VALUE}(?= +#|\n))?(?: *#[{_QUOTABLE}'\"\\]*)?"
)
# Each line for itself: what a line is does not depend on those that follow.
_LINES = re.compile(rf"(?>(?:{_LINE})?\n)*+")

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?=[.e])(?:\.[0-9]{1,18})?(?:e[+-]?[0-9]{1,2})?")
# What begins so, or is a version or a digest, is no number, no day and no time.
_WORDS = re.compile(r"[A-Za-z_/]|\.\.?/|[0-9]+\.[0-9]+\.[0-9]+\Z|[0-9a-f]*[acdf][0-9a-f]*\Z")
_SWITCHES = {"true": True, "false": False}
_DOUBTFUL = {"true", "false", "null"}
_MERGE = object()
# Of what is merged by hundreds, the other reader tells how much it would be.
_MOST_MERGED = 1000


def _scalar(event: Any) -> Any:
    """What a scalar of plain lines stands for."""
    text = event.value
    if event.style:
        # in quotes, or lines of their own
        return text
    if text in _SWITCHES:
        return _SWITCHES[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    if text == "<<":
        return _MERGE
    if not _WORDS.match(text) or text.lower() in _DOUBTFUL:
        raise ValueError(f"{text}, of which readers make this or that")
    return text


def _mapping(pairs: plain_yaml.Pairs) -> dict[str, Any]:
    """What a mapping says, with all that it merges (<<) ahead of what it says itself."""
    own = dict(pairs)
    if len(own) != len(pairs):
        raise ValueError("a key twice")
    merged = own.pop(_MERGE, {})
    if not isinstance(merged, dict) or len(merged) > _MOST_MERGED:
        raise ValueError("merged: no mapping, or a large one")
    if not all(type(key) is str for key in own):
        raise ValueError("a key that is no text")
    return {**merged, **own}
