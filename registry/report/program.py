"""What makes the report's pages: who has the same text makes the same ones of the same facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import metadata, util
from pathlib import Path

from registry import digests, field
from registry.build import closure
from registry.errors import CheckError

# Other versions of these may draw, compress and write otherwise.
_LIBRARIES = ("jinja2", "markdown-it-py", "matplotlib", "numpy", "pillow")
_PACKAGE = Path(__file__).resolve().parents[1]
# What new registries are laid out with: it draws nothing, and an installed package has more of it.
_APART = _PACKAGE / "init"


def text(fields: Iterable[str]) -> str:
    """Digest and name of each file of what makes pages, and libraries by their versions, in lines.

    Files are those of this package, and of packages that bring fields.

    Parameters
    ----------
    fields : iterable of str
        Names of the fields whose fixtures have pages.
    """
    found = {name: _version(name) for name in _LIBRARIES}
    for package in (_PACKAGE, *_brought(fields)):
        for path in package.rglob("*"):
            if path.is_file() and path.suffix != ".pyc" and _APART not in path.parents:
                found[path.relative_to(package.parent).as_posix()] = digests.blob(path)
    return closure.lines(found)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def _brought(fields: Iterable[str]) -> Iterator[Path]:
    """Folders of the packages that fields are installed with."""
    for name in fields:
        # one that is not installed has the neutral field's pages
        with suppress(CheckError):
            top = field.module(name).partition(".")[0]
            spec = util.find_spec(top)
            if top != __package__.partition(".")[0] and spec is not None:
                yield from map(Path, spec.submodule_search_locations or ())
