"""``fixtures init [DIR]``: a registry of your own, in a repository of your own."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath
from shlex import quote

from registry import console, extras, field
from registry.errors import UsageError
from registry.storage import git

# From so many on, files of one folder are not listed.
_MANY = 3
# What stages and `fixtures publish` make for git.
_MADE = ("dvc.lock", "published.sum")
# Nobody knows which arrays are somebody else's.
_DECLARE = "# declare a source and a fixture in params.yaml: docs/your-own-registry.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from registry.init import originals

    known = originals.fields()
    parser.description = (
        "Writes what a registry needs into a folder of a git repository, and prints what to do "
        "next. What is there already stays as it is."
    )
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", type=Path, default=Path(), help="default: this one"
    )
    parser.add_argument(
        "--field",
        choices=known,
        default=field.NEUTRAL,
        help=f"what its fixtures are of (default: {field.NEUTRAL}, which may be of anything)",
    )
    parser.add_argument(
        "--ci", choices=["github"], help="a workflow that pulls, verifies and tests"
    )
    parser.add_argument("--pre-commit", action="store_true", help="hooks that run at each commit")


def run(arguments: argparse.Namespace) -> int:
    from registry.init import laying, plan

    extras.require(
        "build", "fixtures init", "dvc", expected="DVC, which builds and stores what is declared"
    )
    root = arguments.folder.resolve()
    top = _top(root)
    items = plan.plan(
        top, root, arguments.field, ci=arguments.ci is not None, hooks=arguments.pre_commit
    )
    written = laying.lay(top, root, items)
    if not written:
        console.say(f"registry {arguments.folder}: all of it is there, and nothing was written")
        return 0
    console.say(f"registry {arguments.folder}, for {arguments.field}:")
    names = [os.path.relpath(path, root) for path in written]
    console.say(*(f"  {line}" for line in _counted(names)))
    console.say("", "next:", *_next(arguments.folder, names, arguments.field))
    return 0


def _top(root: Path) -> Path:
    """Top folder of the git repository that a folder is in, or would be."""
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    if not there.is_dir():
        raise UsageError(
            f"folder {root}",
            expected="a folder, or none",
            found=f"a file {there}",
            remedy="name another folder",
        )
    result = git.run(there, "rev-parse", "--show-toplevel")
    if result.returncode != 0:
        raise UsageError(
            f"folder {root}",
            expected="a folder of a git repository, whose history keeps the pins",
            found=git.message(result),
            remedy=f"git init {quote(os.path.relpath(root))}",
        )
    return Path(result.stdout.decode().rstrip("\n"))


def _counted(names: Sequence[str]) -> list[str]:
    """What was written: the files of a folder that has many are counted."""
    folders = Counter(_folder(name) for name in names)
    many = {folder for folder, count in folders.items() if folder != "." and count >= _MANY}
    lines = [name for name in names if _folder(name) not in many]
    return sorted([*lines, *(f"{folder}/ ({folders[folder]} files)" for folder in many)])


def _folder(name: str) -> str:
    return PurePath(name).parent.as_posix()


def _next(folder: Path, names: Sequence[str], of: str) -> list[str]:
    """Commands from what was written to a fixture that others can use."""
    new = sorted({name if name.startswith("..") else name.split("/")[0] for name in names})
    return [
        *([f"cd {quote(str(folder))}"] if folder.resolve() != Path.cwd() else []),
        *([_DECLARE] if of == field.NEUTRAL else []),
        "dvc repro",
        "fixtures publish",
        f"git add {' '.join(map(quote, [*new, *_MADE]))}",
        "git commit --message 'A registry of fixtures'",
        "fixtures verify",
        "python -m pytest tests",
    ]
