"""What is to be written where: every file of a new registry, and whose it is from then on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from registry.errors import UsageError
from registry.init import originals

TEST = "tests/test_pinned_fixtures.py"
WORKFLOW = ".github/workflows/fixtures.yml"
# Below the top of a repository whose own settings, such as a pythonpath, are not for these tests.
_PYTEST = "[pytest]\ntestpaths = tests\n"
_WRITTEN_INTO = re.compile(r"[\w./-]+", re.ASCII)


class Kind(Enum):
    """Whose a file is.

    ``FROZEN`` files are the same in every registry. Those that are ``OWNED`` their owner goes on
    writing. ``LINES`` come into files that may have others.
    """

    FROZEN = "frozen"
    OWNED = "owned"
    LINES = "lines"


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One file: where it goes, and what is in it.

    ``sign`` is what is left in it, however its owner goes on writing.
    """

    path: Path
    kind: Kind
    data: bytes
    sign: bytes = b""


def plan(top: Path, root: Path, field: str, *, ci: bool, hooks: bool) -> list[Item]:
    """All files of a registry, the one by which it is known as such last.

    Parameters
    ----------
    top, root : path
        Top folder of the git repository; the registry's, which is that or one below it.
    field : str
        One of `registry.init.originals.fields`.
    ci, hooks : bool
        Whether a workflow of GitHub's, and hooks of pre-commit, are among them.

    Raises
    ------
    UsageError
        The folder's name cannot be written into those two.
    """
    below = root.relative_to(top).as_posix()
    items = [
        _lines(root, originals.OF_DVC, originals.read(originals.OF_DVC)),
        *(_lines(root, name, originals.shared(name)) for name in originals.SHARED),
        *(_frozen(root, name) for name in originals.of_field(field)),
        _owned(root, "params.yaml", originals.template(f"{field}.params.yaml"), b"fixtures:"),
        _owned(root, TEST, originals.template("test_pinned_fixtures.py.txt")),
        *([] if root == top else [_owned(root, "pytest.ini", _PYTEST)]),
        *(_around(top, below, ci=ci, hooks=hooks) if ci or hooks else ()),
        *(_frozen(root, name) for name in originals.PIPELINE),
    ]
    if not (root / originals.CONFIG).exists():
        # where DVC is set up already, it is as its owner wants it
        items.insert(0, _owned(root, originals.CONFIG, originals.configuration()))
    return items


def _around(top: Path, below: str, *, ci: bool, hooks: bool) -> Iterator[Item]:
    """What git's own top folder has of a registry that may be below it."""
    if not _WRITTEN_INTO.fullmatch(below):
        raise UsageError(
            f"folder {below}",
            expected="a name of letters, digits and -_. alone, which --ci and --pre-commit write",
            found="other characters",
            remedy="name another folder, or leave out these two",
        )
    sign = b"fixtures verify"
    if ci:
        prefix = "" if below == "." else f"{below}/"
        text = originals.template("github.yml").replace("@FOLDER@", below)
        yield _owned(top, WORKFLOW, text.replace("@PREFIX@", prefix), sign)
    if hooks:
        text = originals.hooks()
        if below != ".":
            text = text.replace("entry: fixtures", f"entry: env FIXTURES_REGISTRY={below} fixtures")
        yield _owned(top, originals.HOOKS, text, sign)


def _frozen(folder: Path, name: str) -> Item:
    return Item(path=folder / name, kind=Kind.FROZEN, data=originals.read(name))


def _owned(folder: Path, name: str, text: str, sign: bytes = b"") -> Item:
    return Item(path=folder / name, kind=Kind.OWNED, data=text.encode(), sign=sign)


def _lines(folder: Path, name: str, data: bytes) -> Item:
    return Item(path=folder / name, kind=Kind.LINES, data=data)
