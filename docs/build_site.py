"""Build the documentation site into a folder: python docs/build_site.py FOLDER. `make docs` does.

Pages link to each other, and to pictures, by their paths in the repository. So they are copied with
these paths, and what works where the repository is browsed works in the site.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
# Every page, and what pages show or need.
PATTERNS = ("*.md", "bench/*.md", "docs/*.md", "docs/*.png", "docs/assets/*")


def build(folder: Path) -> int:
    """Copy pages into `folder`/pages and build `folder`/site; the exit code of what builds it."""
    for made in ("pages", "site"):
        shutil.rmtree(folder / made, ignore_errors=True)
    for path in sorted(path for pattern in PATTERNS for path in TOP.glob(pattern)):
        copy = folder / "pages" / path.relative_to(TOP)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    shutil.copyfile(TOP / "mkdocs.yml", folder / "mkdocs.yml")
    # A link that leads nowhere is a warning, and with --strict an error.
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1])))
