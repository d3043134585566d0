"""Files that git ignores because DVC has them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from registry import files
from registry.storage import git

FILE = ".gitignore"


def ignore(root: Path, paths: Iterable[str]) -> None:
    """Have git ignore files, each by a line beside it where no line does so yet, as DVC does.

    Parameters
    ----------
    root : path
        Top folder of the registry, in a git repository or in none.
    paths : iterable of str
        Relative to it.
    """
    asked = list(paths)
    if not asked:
        return
    listed = "".join(f"{path}\0" for path in asked)
    answer = git.run(root, "check-ignore", "--no-index", "-z", "--stdin", stdin=os.fsencode(listed))
    # 0: some are ignored, 1: none is, else: there is no repository
    if answer.returncode not in (0, 1):
        return
    ignored = set(os.fsdecode(answer.stdout).split("\0"))
    by_folder: dict[Path, list[str]] = {}
    for path in asked:
        if path not in ignored:
            by_folder.setdefault((root / path).parent, []).append(f"/{Path(path).name}\n")
    for folder, lines in by_folder.items():
        before = files.read(folder / FILE) if (folder / FILE).is_file() else b""
        end = b"" if before.endswith(b"\n") or not before else b"\n"
        files.write_atomic(folder / FILE, before + end + "".join(lines).encode())
