"""Print the notes of a release: `.venv/bin/python .ci/release_notes.py v0.1.0 URL`.

They are what CHANGELOG.md says of the version, with its links below the URL. What does not agree on
the version that is released, and on the day, is refused.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import yaml

from registry import console
from registry.errors import CheckError

TOP = Path(__file__).resolve().parents[1]


def notes(top: Path, tag: str, url: str) -> str:
    """What the changelog in a folder says of the version that a tag names, with links below `url`.

    Raises
    ------
    CheckError
        Tag, ``pyproject.toml``, ``CHANGELOG.md`` and ``CITATION.cff`` name different versions or
        days.
    """
    texts = {
        name: (top / name).read_text(encoding="utf-8")
        for name in ("pyproject.toml", "CHANGELOG.md", "CITATION.cff")
    }
    version = tomllib.loads(texts["pyproject.toml"])["project"]["version"]
    if tag != f"v{version}":
        raise CheckError(
            f"tag {tag}",
            expected=f"v{version}, which pyproject.toml has",
            found="another version",
            remedy="set version in pyproject.toml and tag that commit, or name the tag so",
        )
    headings = re.split(r"(?m)^## (.*)\n", texts["CHANGELOG.md"])
    sections = dict(zip(headings[1::2], headings[2::2], strict=True))
    days = [re.fullmatch(rf"{re.escape(version)} - (\d{{4}}-\d\d-\d\d)", name) for name in sections]
    dated = [match for match in days if match]
    if len(dated) != 1:
        raise CheckError(
            "CHANGELOG.md",
            expected=f"one heading ## {version} - YYYY-MM-DD",
            found=", ".join(f"## {name}" for name in sections) or "no heading",
            remedy="write the day of the release there, and in CITATION.cff",
        )
    cited = yaml.safe_load(texts["CITATION.cff"])
    released = {"version": version, "date-released": dated[0][1]}
    found = {key: str(cited.get(key)) for key in released}
    if found != released:
        raise CheckError(
            "CITATION.cff",
            expected=", ".join(f"{key} {value}" for key, value in released.items()),
            found=", ".join(f"{key} {value}" for key, value in found.items()),
            remedy="write there what CHANGELOG.md has",
        )
    # a release's page is in no folder of the repository
    return re.sub(r"\]\((?!\w+:)", f"]({url}/", sections[dated[0][0]]).strip() + "\n"


def main() -> int:
    """Print them."""
    print(notes(TOP, *sys.argv[1:3]), end="")
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))
