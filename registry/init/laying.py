"""Putting the files of a plan in place: all of them, or none where one is in the way."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from shlex import quote

from fixture_registry import shadow
from registry import files
from registry.errors import UsageError
from registry.init.plan import Item, Kind
from registry.storage import git


def lay(top: Path, root: Path, items: Sequence[Item]) -> list[Path]:
    """Write what is not there yet; paths of what was written.

    A run that was interrupted is made whole by the next one. A file of somebody else's is never
    changed, but for lines that are put at the end of it.

    Parameters
    ----------
    top, root : path
        Top folder of the git repository, and of the registry.
    items : sequence of Item
        As `registry.init.plan.plan` has them, the file last by which a registry is known.

    Raises
    ------
    UsageError
        Files are in the way, or git would leave some of these out; nothing was written.
    OSError
        As the system reports it; no file is half-written.
    """
    is_begun = _there(items[-1].path) == items[-1].data
    new: dict[Path, bytes] = {}
    in_the_way = []
    if (found := shadow(root)) is not None:
        # stages are run there
        in_the_way.append(f"{found}: Python would import it in place of this package")
    for item in items:
        there = _there(item.path)
        if isinstance(there, str):
            in_the_way.append(f"{item.path.relative_to(top)}: {there}")
        elif there is None:
            new[item.path] = item.data
        elif item.kind is Kind.LINES:
            if not _lines(item.data) <= _lines(there):
                new[item.path] = _appended(there, item.data)
        elif not _stays(item, there, is_begun=is_begun):
            in_the_way.append(f"{item.path.relative_to(top)}: another file")
    if in_the_way:
        raise UsageError(
            f"registry {root}",
            expected="no file where one is to be written, or the very same",
            found="\n            ".join(in_the_way),
            remedy="name a folder of its own, such as: fixtures init fixtures; or move what is in "
            "the way; nothing was written",
        )
    _hold_to_ignored(top, [item.path for item in items])
    files.write_together(new)
    return list(new)


def _stays(item: Item, there: bytes, *, is_begun: bool) -> bool:
    """Whether a file is ours as we wrote it, or as its owner went on writing it."""
    return there == item.data or (item.kind is Kind.OWNED and is_begun and item.sign in there)


def _there(path: Path) -> bytes | str | None:
    """The bytes of a file; None where nothing is; else what is in its place, in words."""
    try:
        return files.read(path, follow=False)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return "a file stands where its folder has to be"
    except OSError:
        return "a link" if path.is_symlink() else "no file"


def _lines(text: bytes) -> set[bytes]:
    """The rules of a file, less comments and empty lines."""
    stripped = (line.strip() for line in text.splitlines())
    return {line for line in stripped if line and not line.startswith(b"#")}


def _appended(text: bytes, lines: bytes) -> bytes:
    return lines if not text.strip() else text.rstrip(b"\r\n") + b"\n\n" + lines


def _hold_to_ignored(top: Path, paths: Iterable[Path]) -> None:
    """Refuse a place that git leaves out: nobody else would get what is written there."""
    names = "\0".join(os.fspath(path.relative_to(top)) for path in paths)
    said = git.run(top, "check-ignore", "--stdin", "-z", stdin=os.fsencode(names))
    ignored = [os.fsdecode(name) for name in said.stdout.split(b"\0") if name]
    if ignored:
        more = f" and {len(ignored) - 1} more" if len(ignored) > 1 else ""
        raise UsageError(
            f"{ignored[0]}{more}",
            expected="a place whose files git tracks",
            found="one that a rule of .gitignore leaves out",
            remedy=f"git -C {quote(str(top))} check-ignore -v {quote(ignored[0])} names the rule; "
            "nothing was written",
        )
