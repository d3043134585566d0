"""Where things are in the repository under test, and what belongs to it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from registry import environment

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = "tests/fixtures/pytorch_integration"
SCHEMAS = REPOSITORY / "schemas"


def files() -> list[Path]:
    """Every file of the working tree that git does not ignore, relative to the top folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    paths = (Path(os.fsdecode(name)) for name in listed.split(b"\0") if name)
    return [path for path in paths if (REPOSITORY / path).is_file()]


def params() -> str:
    """Text of ``params.yaml`` less its deprecations.

    Which versions are deprecated changes from day to day, and nothing else that is tested does.
    """
    text = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")
    return re.sub(r"(?m)^deprecated:.*\n(?:[ \t].*\n|\n)*", "", text)


def real_file(name: str) -> Path:
    """A real measurement; the test is skipped where it is absent.

    The files are nobody's to pass on: they lie in the folder named by FIXTURES_REAL_DATA, or in
    ../shared/data beside the repository.
    """
    folder = Path(environment.value(environment.REAL_DATA) or REPOSITORY.parent / "shared" / "data")
    if not (folder / name).is_file():
        pytest.skip(f"{name} is not here: name its folder in FIXTURES_REAL_DATA")
    return folder.resolve() / name


def excerpt(root: Path, names: Iterable[str]) -> None:
    """Write the lock and the declaration of some of this repository's fixtures, and of no other."""
    lock = yaml.safe_load((REPOSITORY / "dvc.lock").read_bytes())
    declared = yaml.safe_load(params())
    lock["stages"] = {f"fixture@{name}": lock["stages"][f"fixture@{name}"] for name in names}
    declared.pop("envelope")
    declared["fixtures"] = {name: declared["fixtures"][name] for name in names}
    (root / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    (root / "params.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))
