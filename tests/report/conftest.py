"""Registries to report on, and one report that is built once."""

from __future__ import annotations

import shutil

import pytest

from registry.report.build import build
from tests.kit.browser import browser
from tests.kit.files import flip
from tests.kit.repository import REPOSITORY, excerpt
from tests.report.kit import (
    ENVELOPE,
    FOLDER,
    HOSTILE,
    NAME,
    OTHER,
    UNBUILT,
    Report,
    declare,
    train,
)


@pytest.fixture(scope="session")
def _template(tmp_path_factory):
    """A registry of two fixtures, as git and DVC have them, without sources."""
    root = tmp_path_factory.mktemp("registry")
    files = [
        *(str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("generators/*.py")),
        *(str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("schemas/*.json")),
        *(f"{FOLDER}/{name}{suffix}" for name in (NAME, OTHER) for suffix in (".npz", ".json")),
    ]
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / file, root / file)
    excerpt(root, (NAME, OTHER))
    return root


@pytest.fixture
def root(_template, tmp_path, monkeypatch):
    """A registry to break, with nothing out of reach."""
    monkeypatch.setenv("FIXTURES_OFFLINE", "1")
    monkeypatch.delenv("FIXTURES_REGISTRY", raising=False)
    return shutil.copytree(_template, tmp_path / "registry")


@pytest.fixture(scope="session")
def report(_template, tmp_path_factory):
    """A report with everything in it: good and trained, deprecated, broken, and never built."""
    scratch = tmp_path_factory.mktemp("report")
    root = shutil.copytree(_template, scratch / "registry")
    flip(root / FOLDER / f"{OTHER}.npz")
    declare(
        root,
        fixtures={UNBUILT: {"generator": "subset_v1", "source": "run1084_twin"}},
        deprecated={NAME: {"reason": HOSTILE}},
        envelope=ENVELOPE,
    )
    train(root, NAME)
    (root / "docs").mkdir()
    shutil.copyfile(REPOSITORY / "docs/checks.md", root / "docs/checks.md")
    built = build(root, [], scratch / "out")
    return Report(root, scratch / "out", built.exit_code)
