"""What a module is made of: the files that it imports, and what each of them does.

Imports are followed as they stand in the text, through this package, ``generators/``, ``fields/``
and the package that a field is installed with. Those inside functions are, too; those that only a
type checker looks at are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import util
from pathlib import Path
from typing import Any, Protocol

from registry import field, files
from registry.digests import blob, sha256
from registry.errors import CheckError

GENERATORS = "generators"
_PACKAGE = Path(__file__).resolve().parents[1]
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_INIT = "__init__.py"
_TYPE_CHECKER_ONLY = ("TYPE_CHECKING", "typing.TYPE_CHECKING")


class Reader(Protocol):
    """Who knows what the text of a module says: this module's own functions, by default."""

    def imports(self, path: Path, module: str) -> frozenset[str] | None:
        """As `imports` here."""

    def behaviour(self, path: Path) -> str:
        """As `behaviour` here."""


def blobs(root: Path, generator: str) -> dict[str, str]:
    """Path and git's id of a generator's file and of all generators that it imports, sorted."""
    found = closure(root, [f"{GENERATORS}.{generator}"])
    return {name: blob(path) for path, name in sorted(found.items()) if path.name != _INIT}


def text(root: Path, entries: Iterable[str], reader: Reader | None = None) -> str:
    """Digest and name of each file that can change what modules do, in lines, sorted by name.

    Generators count byte for byte, because sidecars name their ids; other modules by what they do.
    What a module says is asked of `reader`, where there is one.
    """
    does = behaviour if reader is None else reader.behaviour
    found = {}
    for path, name in closure(root, entries, reader).items():
        is_frozen = name.startswith(f"{GENERATORS}/") and path.name != _INIT
        digest = blob(path) if is_frozen else does(path)
        if digest:
            found[name] = digest
    return lines(found)


def lines(digests: Mapping[str, str]) -> str:
    """Digests by name, as lines.

    >>> print(lines({"b": "2", "a": "1"}))
    1  a
    2  b
    """
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


def closure(root: Path, entries: Iterable[str], reader: Reader | None = None) -> dict[Path, str]:
    """Files of modules and of all that they import, here or in ``generators/``, and their names.

    Parameters
    ----------
    root : path
        The registry's top folder.
    entries : iterable of str
        Names of modules.
    reader : object, optional
        What is asked in place of `imports`.

    Raises
    ------
    CheckError
        A module is no Python, or a generator's imports cannot be followed.
    """
    folders = {
        "registry": _PACKAGE,
        GENERATORS: root / GENERATORS,
        field.FOLDER: root / field.FOLDER,
    }
    imported_by = imports if reader is None else reader.imports
    entries = list(entries)
    folders |= _installed(entries, folders)
    found: dict[Path, str] = {}
    left = entries
    seen = set(left)
    while left:
        module = left.pop()
        path = _file(module, folders)
        if path is None:
            continue
        top = module.partition(".")[0]
        imported = imported_by(path, module)
        if imported is None:
            continue
        name = f"{top}/{path.relative_to(folders[top]).as_posix()}"
        found[path] = name
        parents = [module.rsplit(".", n)[0] for n in range(1, module.count(".") + 1)]
        new = {*imported, *parents} - seen
        seen |= new
        left += new
    return found


def _installed(entries: Iterable[str], ours: Mapping[str, Path]) -> dict[str, Path]:
    """Folders of installed packages that modules are of, by the package's name."""
    found = {}
    for top in {entry.partition(".")[0] for entry in entries} - ours.keys():
        spec = util.find_spec(top)
        for folder in (spec and spec.submodule_search_locations) or ():
            found[top] = Path(folder)
    return found


def _file(module: str, folders: dict[str, Path]) -> Path | None:
    """Where the text of a module of ours is; None for anybody else's, and where there is none."""
    top, *parts = module.split(".")
    if top not in folders:
        return None
    path = folders[top].joinpath(*parts)
    for file in (path / _INIT, path.with_name(f"{path.name}.py")):
        if file.is_file():
            return file
    return None


def imports(path: Path, module: str) -> frozenset[str] | None:
    """Names that a file may import; None for one whose module says that it is ``WORDS_ONLY``.

    Raises
    ------
    CheckError
        The file is no Python, or a generator's imports cannot be followed.
    """
    return _imports_of(files.read(path), path, module)


# By the text, so that what is kept is true of the file as it is now.
@cache
def _imports_of(text: bytes, path: Path, module: str) -> frozenset[str] | None:
    tree = _tree(text, path)
    if any(
        isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "WORDS_ONLY"
        for node in tree.body
    ):
        return None
    package = module if path.name == _INIT else module.rpartition(".")[0]
    names: set[str] = set()
    for node in _running(tree):
        if isinstance(node, ast.Import):
            names.update(item.name for item in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: package.count(".") + 2 - node.level]
                base = ".".join([*above, *filter(None, [node.module])])
            names.update([base, *(f"{base}.{item.name}" for item in node.names)])
        elif isinstance(node, ast.Name) and node.id == "__import__":
            names.add(node.id)
    computed = {name.partition(".")[0] for name in names} & {"importlib", "__import__"}
    if module.startswith(f"{GENERATORS}.") and computed:
        raise CheckError(
            f"{GENERATORS}/{path.name}",
            expected="imports that stand in its text, so that what it runs is known",
            found=", ".join(sorted(computed)),
            remedy="import by name what it needs",
        )
    return frozenset(names)


def behaviour(path: Path) -> str:
    """SHA-256 of what a module does: of its syntax, less what only words something.

    Empty for a module that does nothing. Versions of Python agree on it.

    Raises
    ------
    CheckError
        The file is no Python.
    """
    return _behaviour_of(files.read(path), path)


@cache
def _behaviour_of(text: bytes, path: Path) -> str:
    tree = _tree(text, path)
    if len(tree.body) == bool(ast.get_docstring(tree)):
        return ""
    parts: list[str] = []
    _feed(tree, parts.append)
    return sha256("".join(f"{part}\0" for part in parts).encode("utf-8", "surrogatepass"))


def _feed(node: Any, update: Callable[[str], None]) -> None:
    """A syntax tree as a sequence of texts that no other tree has."""
    if isinstance(node, ast.AST):
        update(type(node).__name__)
        for name, value in ast.iter_fields(node):
            # what is empty came with some version of Python, and says nothing
            if name in ("ctx", "kind", "type_comment") or value is None or value == []:
                continue
            if name == "body" and isinstance(node, _DOCUMENTED) and ast.get_docstring(node):
                value = value[1:]
            if isinstance(node, ast.Call) and name in ("args", "keywords"):
                value = _not_words(node, value)
            if isinstance(node, ast.JoinedStr):
                value = _joined(value)
            update(name)
            _feed(value, update)
        update(")")
    elif isinstance(node, list):
        for item in node:
            _feed(item, update)
    else:
        update(repr(node))


def _joined(parts: list[Any]) -> list[Any]:
    """Parts of an f-string, texts in one piece and none empty: versions of Python differ."""
    found: list[Any] = []
    for part in parts:
        is_text = isinstance(part, ast.Constant) and isinstance(part.value, str)
        text = part.value if is_text else None
        if text is not None and found and isinstance(found[-1], str):
            found[-1] += text
        elif text != "":
            found.append(part if text is None else text)
    return found


def _not_words(call: ast.Call, given: list[Any]) -> list[Any]:
    """Arguments of a call that somebody other than a reader takes notice of.

    Nobody else does of those of an error, nor of what a `registry.failure.Failure` says beside the
    name of its criterion.
    """
    called = call.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    if name.endswith("Error"):
        return []
    if name == "Failure":
        return [item for item in given if getattr(item, "arg", "") not in ("expected", "found")]
    return given


# Whoever asks what a module imports asks what it does next.
@cache
def _tree(text: bytes, path: Path) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise CheckError(
            f"{path.parent.name}/{path.name}",
            expected="a file of Python",
            found=str(error),
            remedy="correct the file",
        ) from None


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a tree but those that only a type checker looks at."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in _TYPE_CHECKER_ONLY:
            left += node.orelse
        else:
            yield node
            left += ast.iter_child_nodes(node)
