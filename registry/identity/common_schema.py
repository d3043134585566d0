"""Where validators of JSON Schema agree: of which schemas and documents they say the same.

Both validators here keep to the standard. They differ where it leaves room, or where numbers and
texts are not JSON's own: in large and whole floats, in regular expressions and what they take for
space and letters, in formats, in keywords that hardly any schema has. Where one of them takes 64.0
for an integer, it can be told not to.
"""

from __future__ import annotations

import re
from typing import Any

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
# Keywords with a schema, with several, and with several by name.
_ONE = {"additionalProperties", "else", "if", "items", "not", "propertyNames", "then"}
_LIST = {"allOf", "anyOf", "oneOf", "prefixItems"}
_NAMED = {"$defs", "properties"}
_PLAIN = {
    "const", "dependentRequired", "enum", "exclusiveMaximum", "exclusiveMinimum", "maximum",
    "maxItems", "maxLength", "maxProperties", "minimum", "minItems", "minLength", "minProperties",
    "required", "type", "uniqueItems",
    # which say nothing of a document; the latter are this registry's own
    "description", "title", "contracts", "field", "generates", "opens",
}  # fmt: skip
_REFERENCE = re.compile(r"[\w./-]*(#(/(\$defs|properties)/\w+)?)?", re.ASCII)
# No escapes but those that mean the same everywhere; no groups and repetitions of special kinds; in
# brackets no brackets or doubled signs, of which some readers make sets of sets.
_ESCAPED = r"\\[\\.sd/]|\\u00[0-9a-f]{2}"
_OUTSIDE = (
    rf"[\w ,:/@=!<>'\"~%&;#^$.*?|)-]|{_ESCAPED}|\((?!\?)|\(\?:|(?<![*+?}}])\+|\{{\d+(?:,\d*)?\}}"
)
_INSIDE = rf"[\w .&~,:/@=+*?()<>!'\"%;#$^{{}}-]|{_ESCAPED}"
_PATTERN = re.compile(rf"(?:{_OUTSIDE}|\[\^?(?!\])(?:(?!--|&&|~~)(?:{_INSIDE}))+\])*", re.ASCII)
# Every reader of JSON has whole numbers up to here.
_MOST = 2**53
# A keyword of our own, which `without_floats` puts where it is to be asked.
NO_FLOAT = "noFloat"


def is_common_schema(rule: Any) -> bool:
    """Whether validators agree on what a schema means, of documents that are common too."""
    # where nothing at all is allowed, they say so of different places
    if rule is True:
        return True
    return isinstance(rule, dict) and all(_is_common(key, value) for key, value in rule.items())


def _is_common(keyword: str, value: Any) -> bool:
    if keyword in _ONE:
        return is_common_schema(value) or (keyword == "additionalProperties" and value is False)
    if keyword in _LIST:
        return isinstance(value, list) and all(map(is_common_schema, value))
    if keyword in _NAMED:
        return isinstance(value, dict) and all(map(is_common_schema, value.values()))
    match keyword:
        case "pattern":
            return isinstance(value, str) and _PATTERN.fullmatch(value) is not None
        case "$ref":
            return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None
        case "$schema":
            return bool(value == _DRAFT)
        case "format":
            # the one that both are told how to test
            return bool(value == "date-time")
        case "multipleOf":
            return type(value) is int
    return keyword in _PLAIN


def without_floats(rule: Any) -> Any:
    """The schema with `NO_FLOAT` beside each type that 64 has and 64.0 is not to have.

    >>> without_floats({"items": {"type": "integer"}, "enum": [{"type": "integer"}]})
    {'items': {'type': 'integer', 'noFloat': True}, 'enum': [{'type': 'integer'}]}
    """
    if not isinstance(rule, dict):
        return rule
    found = {key: _without_floats(key, value) for key, value in rule.items()}
    types = rule.get("type")
    types = types if isinstance(types, list) else [types]
    return {**found, NO_FLOAT: True} if "integer" in types and "number" not in types else found


def _without_floats(keyword: str, value: Any) -> Any:
    if keyword in _ONE:
        return without_floats(value)
    if keyword in _LIST and isinstance(value, list):
        return [without_floats(rule) for rule in value]
    if keyword in _NAMED and isinstance(value, dict):
        return {name: without_floats(rule) for name, rule in value.items()}
    return value


def is_common_document(document: Any) -> bool:
    r"""Whether a document is of values that validators take for the same: JSON's, and plain ones.

    >>> is_common_document({"n": 64, "of": [0.5, 1.0, True, None, "text"]})
    True
    >>> is_common_document(1e300), is_common_document(float("nan")), is_common_document("a\n")
    (False, False, False)
    """
    left = [document]
    while left:
        value = left.pop()
        kind = type(value)
        if kind is str:
            if not (value.isascii() and value.isprintable()):
                return False
        elif kind is dict:
            left += value.values()
            if not all(type(key) is str for key in value):
                return False
            left += value
        elif kind is list:
            left += value
        elif kind is int or kind is float:
            # false for NaN, too
            if not -_MOST < value < _MOST:
                return False
        elif kind is not bool and value is not None:
            return False
    return True
