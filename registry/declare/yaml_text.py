"""The text of ``params.yaml``, read as DVC reads it, less what YAML allows and nobody means."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from registry import extras, files
from registry.declare import FILE, common_yaml
from registry.errors import CheckError, MissingError
from registry.identity import schema

if TYPE_CHECKING:
    from ruamel.yaml.scanner import Scanner


def read(root: Path) -> str:
    """The declaration's text, with the ends of lines that it has.

    Raises
    ------
    MissingError
        There is no ``params.yaml``.
    CheckError
        It is not UTF-8.
    """
    path = root / FILE
    try:
        return files.read(path).decode()
    except FileNotFoundError:
        raise MissingError(
            FILE,
            expected="the registry's declaration",
            found=f"no {FILE} in {root.name or root}",
            remedy="run the command in the registry's top folder",
        ) from None
    except UnicodeDecodeError as error:
        raise _not_yaml(str(error)) from None


def parse(text: str) -> Any:
    """What a declaration's text says, as DVC reads it.

    Plain lines are read fast; whatever is not plain, or wrong, by `parse_exactly`.

    Raises
    ------
    CheckError
        It is not YAML 1.2, or has a key twice; the message says where.
    MissingError
        The extra ``build`` is not installed.
    """
    extras.require("build", FILE, "ruamel", expected="ruamel.yaml, by which DVC reads it")
    try:
        return common_yaml.parse(text)
    except ValueError:
        return parse_exactly(text)


def parse_exactly(text: str) -> Any:
    """As `parse`, by DVC's own reader, whatever the text."""
    # ruamel, because DVC reads the same file with it: YAML 1.2, duplicate keys refused
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLWarning

    try:
        parser = YAML(typ="safe", pure=True)
        parser.Scanner = _scanner()
        with warnings.catch_warnings():
            # of which one would wonder: an anchor that is there twice
            warnings.simplefilter("error", YAMLWarning)
            node = parser.compose(text)
        # ruamel itself overlooks a key that is there twice beside a merge key (<<)
        _refuse_keys(node)
        known: dict[int, int] = {}
        for mapping in _collections(node):
            if _keys(mapping, known) > _MOST_KEYS:
                found = f"merge keys (<<) that stand for more than {_MOST_KEYS} keys"
                raise _not_yaml(found, mapping.start_mark)
        for path, scalar in _scalars(node):
            try:
                # what cannot be encoded or printed ends the program that has to
                scalar.value.encode()
                if scalar.tag != _TEXT:
                    str(parser.constructor.construct_object(scalar))
            except (ValueError, ArithmeticError, LookupError):
                said = f"{schema.shown(scalar.value)}, which is {_SCALARS[scalar.tag]}"
                said = f"{schema.dotted(path) or 'document'}: {said}"
                raise _not_yaml(said, scalar.start_mark) from None
        return None if node is None else parser.constructor.construct_document(node)
    except RecursionError:
        raise _not_yaml("more levels than can be read") from None
    except MarkedYAMLError as error:
        said = " ".join(str(error.problem or error.context).split())
        raise _not_yaml(said, error.problem_mark or error.context_mark) from None
    except (YAMLError, YAMLWarning) as error:
        # of a warning what it is about; text with lines of the file follows
        said, _, _ = str(error).strip().partition("\nfirst occurrence")
        raise _not_yaml(" ".join(said.split())) from None
    except (LookupError, TypeError, ValueError) as error:
        # ruamel itself stumbles over a version of YAML that there is not, and over some tags
        raise _not_yaml(f"{type(error).__name__}: {error}") from None


# Each merge repeats the keys of what it merges, and merges of merges those again.
_MOST_KEYS = 100_000
_MERGE = "tag:yaml.org,2002:merge"


def _keys(node: Any, known: dict[int, int]) -> int:
    """How many keys a mapping has when all that it merges (<<) is written out; a list has none."""
    if id(node) not in known:
        # one that merges itself ends here, and is refused by ruamel
        known[id(node)] = 0
        pairs = [child for child in node.value if isinstance(child, tuple)]
        merged = [value for key, value in pairs if key.tag == _MERGE]
        several = [item for value in merged for item in value.value if not isinstance(item, tuple)]
        inside = [
            item for item in (*merged, *several) if isinstance(getattr(item, "value", ""), list)
        ]
        known[id(node)] = len(pairs) + sum(_keys(item, known) for item in inside)
    return known[id(node)]


def key_lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    r"""Keys of the two upper levels that start a line, each with the place where that line starts.

    The text is one that `parse` can read.

    >>> list(key_lines("a:\n  b: {c: 1}\nd: {e: 2}\n"))
    [(('a',), 0), (('a', 'b'), 3), (('d',), 15)]
    """
    from ruamel.yaml import YAML

    document = YAML(typ="safe", pure=True).compose(text)
    for section, entries in _block(document):
        for path, key in [
            ((section.value,), section),
            *(((section.value, name.value), name) for name, _ in _block(entries)),
        ]:
            start = key.start_mark.index - key.start_mark.column
            if not text[start : key.start_mark.index].strip(" "):
                yield path, start


def _block(node: Any) -> list[tuple[Any, Any]]:
    """Keys and values of a mapping that is written without braces; else none."""
    is_block = node is not None and node.id == "mapping" and not node.flow_style
    return node.value if is_block else []


# For each bracket ruamel looks at all that are open, and reads many ahead before the first is used.
_MOST_BRACKETS = 100


# The directive that says what is so without it.
_VERSION, _LONGEST = re.compile(r"%YAML 1\.2(?=[ \r\n])"), 10


def _scanner() -> type[Scanner]:
    """What cuts a text into tokens: ruamel's own, less what nobody means and readers disagree on.

    It stops where too many brackets are open. And DVC reads by libyaml where ruamel has it, which
    reads YAML 1.2 whatever a directive says, and takes a nameless tag for another one.
    """
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.scanner import Scanner

    class Narrow(Scanner):
        def fetch_flow_collection_start(self, *token: Any, **context: Any) -> None:
            if self.flow_level == _MOST_BRACKETS:
                self._refuse(f"more than {_MOST_BRACKETS} brackets in each other")
            super().fetch_flow_collection_start(*token, **context)

        def fetch_directive(self) -> None:
            if not _VERSION.match(self.reader.prefix(_LONGEST)):
                self._refuse("a directive (%), of which readers of YAML make this or that")
            super().fetch_directive()

        def fetch_tag(self) -> None:
            if self.reader.peek(1) in "\0 \t\r\n\x85\u2028\u2029,]}":
                self._refuse("a tag (!) without a name, of which readers of YAML make this or that")
            super().fetch_tag()

        def _refuse(self, problem: str) -> NoReturn:
            raise MarkedYAMLError(problem=problem, problem_mark=self.reader.get_mark())

    return Narrow


# Of these YAML admits some that there are not: instants that no calendar has, halves of letters,
# and numbers of more digits than Python prints.
_SCALARS = {
    "tag:yaml.org,2002:str": "text with half of a letter",
    "tag:yaml.org,2002:int": "no integer, or too large a one",
    "tag:yaml.org,2002:float": "no number",
    "tag:yaml.org,2002:bool": "neither true nor false",
    "tag:yaml.org,2002:timestamp": "an instant that no calendar has",
}
_TEXT = "tag:yaml.org,2002:str"


def _scalars(node: Any) -> Iterator[tuple[list[object], Any]]:
    """Scalars below a node, each with its path."""
    nodes: list[tuple[list[object], Any]] = [([], node)]
    visited = set()
    while nodes:
        path, node = nodes.pop()
        if node is None or id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node.value, str):
            if node.tag in _SCALARS:
                yield path, node
            continue
        for number, child in enumerate(node.value):
            if isinstance(child, tuple):
                key, value = child
                nodes += [(path, key), ([*path, key.value], value)]
            else:
                nodes.append(([*path, number], child))


def _collections(node: Any) -> Iterator[Any]:
    """Mappings and lists of a tree, each once."""
    nodes, visited = [node], set()
    while nodes:
        node = nodes.pop()
        # a scalar's value is text; an alias leads to a node again
        if node is None or isinstance(node.value, str) or id(node) in visited:
            continue
        visited.add(id(node))
        yield node
        nodes += [child[1] if isinstance(child, tuple) else child for child in node.value]


def _refuse_keys(node: Any) -> None:
    """Raise a CheckError for a key anywhere in a tree that is no text, or is there twice."""
    for collection in _collections(node):
        keys = set()
        for child in collection.value:
            if not isinstance(child, tuple):
                continue
            key, _ = child
            if not isinstance(key.value, str):
                raise _not_yaml("a key that is no text", key.start_mark)
            if (key.tag, key.value) in keys:
                raise _not_yaml(f"found duplicate key {schema.shown(key.value)}", key.start_mark)
            keys.add((key.tag, key.value))


def _not_yaml(found: str, mark: Any = None) -> CheckError:
    """What is wrong, and of a mark of ruamel's the place, and the line with a sign beneath it."""
    if mark is not None:
        found = f"line {mark.line + 1}, column {mark.column + 1}: {found}"
        line, _, sign = (mark.get_snippet(indent=12) or "").partition("\n")
        # the end of a file has none to show
        if line.strip():
            found += f"\n{line}\n{sign.partition(' (')[0]}"
    return CheckError(
        FILE,
        expected="YAML 1.2 in UTF-8, each key once",
        found=found,
        remedy=f"edit {FILE} there; nothing was built",
    )
