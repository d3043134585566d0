"""Build the documentation site into a folder: python docs/build_site.py FOLDER. `make docs` does.

Pages link to each other, and to pictures, by their paths in the repository. So they are copied with
these paths, and what works where the repository is browsed works in the site.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from zensical.main import cli as zensical

TOP = Path(__file__).resolve().parents[1]
# Every page, and what pages show or need.
PATTERNS = ("*.md", "bench/*.md", "docs/*.md", "docs/*.png", "docs/assets/*")


def build(folder: Path) -> None:
    """Copy pages into `folder`/pages and build `folder`/site of them.

    Raises
    ------
    RuntimeError
        A link leads nowhere: which, was said on stderr.
    """
    for made in ("pages", "site"):
        shutil.rmtree(folder / made, ignore_errors=True)
    for path in sorted(path for pattern in PATTERNS for path in TOP.glob(pattern)):
        copy = folder / "pages" / path.relative_to(TOP)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    shutil.copyfile(TOP / "mkdocs.yml", folder / "mkdocs.yml")
    options = ["--config-file", str(folder / "mkdocs.yml"), "--clean", "--strict"]
    zensical.main(["build", *options], standalone_mode=False)


if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]))
    except RuntimeError as error:
        sys.exit(f"{error}: see the warnings above")
