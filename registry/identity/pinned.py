"""What a ``dvc.lock`` or a ``.dvc`` file pins: every object in it, of fixtures or of anything else.

Files of any age are read, as other versions of DVC wrote them and as somebody may have edited them.
So whatever could be a pin counts as one, where that keeps an object; and as an output counts what
is certainly one, where that gives an object up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from registry.errors import ChainError
from registry.identity import pins, plain_yaml

# A file's md5; of a folder that DVC tracks, the md5 of the list of its files.
MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")
FOLDER = ".dir"
# The output of the stage `code` in some locks: every run makes it anew, and no cache or remote ever
# had it.
CODE = "build/code"


def is_pin_file(path: str) -> bool:
    """Whether a file of this path pins something."""
    name = path.rpartition("/")[2]
    return name == pins.LOCK or (name.endswith(".dvc") and name != ".dvc")


@dataclass(frozen=True, kw_only=True, slots=True)
class Out:
    """An output: its object, and its path as it stands in the file.

    Objects of an ``imported`` one are kept by another repository.
    """

    md5: str
    path: str
    imported: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """Every object that a file names, but for what outputs were made from; and the outputs."""

    objects: frozenset[str]
    outs: tuple[Out, ...]


def parse(data: bytes, *, subject: str, remedy: str) -> Pinned:
    """What the bytes of a lock or of a ``.dvc`` file pin.

    Raises
    ------
    ChainError
        They are neither, so that nobody knows what they were to pin.
    """
    try:
        document = plain_yaml.load(data)
        if not isinstance(document, dict):
            raise ValueError("no mapping")
    except ValueError as error:
        raise ChainError(
            subject,
            expected="a file as DVC writes it, so that what it pins can be kept",
            found=" ".join(str(error).split())[:200],
            remedy=remedy,
        ) from None
    return Pinned(objects=frozenset(_named(document)), outs=tuple(_outs(document)))


def _named(document: Any) -> Iterator[str]:
    """Each md5 that stands anywhere: formats of locks differ in where they have them."""
    seen: set[int] = set()
    waiting = [document]
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, str):
            # aliases are the same object: what many of them stand for is visited once
            continue
        seen.add(id(item))
        if isinstance(item, dict):
            if item.get("path") == CODE:
                continue
            md5 = item.get("md5")
            if isinstance(md5, str) and MD5.fullmatch(md5):
                yield md5
            # what a stage depends on is an output elsewhere, or no object at all
            waiting.extend(value for key, value in item.items() if key != "deps")
        else:
            waiting.extend(item)


def _outs(document: dict[str, Any]) -> Iterator[Out]:
    imported = any("repo" in dep for dep in _dicts(document.get("deps")))
    stages = document.get("stages")
    for stage in (document, *(stages.values() if isinstance(stages, dict) else ())):
        for out in _dicts(stage.get("outs") if isinstance(stage, dict) else None):
            md5, path = out.get("md5"), out.get("path")
            if path == CODE:
                continue
            if isinstance(md5, str) and MD5.fullmatch(md5) and isinstance(path, str):
                yield Out(md5=md5, path=path, imported=imported)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
