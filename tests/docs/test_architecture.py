"""docs/architecture.md against the code: layers, names, who imports what from outside."""

from __future__ import annotations

import ast
import re
import tomllib

import pytest

from tests.kit import pages
from tests.kit.repository import REPOSITORY

PAGE = "docs/architecture.md"
TEXT = (REPOSITORY / PAGE).read_text("utf-8")


def imports(folder: str) -> dict[str, set[str]]:
    """Top-level names that each module or package of a folder imports, wherever it does."""
    found: dict[str, set[str]] = {}
    for path in sorted((REPOSITORY / folder).rglob("*.py")):
        unit = path.relative_to(REPOSITORY / folder).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            found.setdefault(unit, set()).update(name.partition(".")[0] for name in names)
    return found


@pytest.fixture(scope="module")
def registry():
    """Imports of the package, by its modules and packages."""
    return imports("registry")


def block(heading: str) -> str:
    """The drawing in a section of the page."""
    part = TEXT.partition(f"\n## {heading}\n")[2]
    (text,) = [
        item.text for item in pages.blocks(PAGE) if part.partition("\n## ")[0].count(item.text)
    ]
    return text


def test_layers():
    """The page has the layers that import-linter holds, in its order."""
    tools = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]
    (contract,) = tools["importlinter"]["contracts"]
    drawn = [re.split(r"  +", line)[0] for line in block("Layers").splitlines()]
    assert drawn == contract["layers"], "docs/architecture.md draws other layers"


def test_what_joins_the_packages(registry):
    """Neither package imports the other, with the one exception of the page."""
    above = {"generators", "bench", "tests"}
    found = {unit: names & above for unit, names in registry.items() if names & above}
    assert found == {"ptychography": {"generators"}}, "registry imports what stands above it"
    text = (REPOSITORY / "registry/ptychography/suggest.py").read_text()
    assert "from generators import subset_v1\n" in text, "not the exception of the page"
    assert "`registry.ptychography.suggest` imports `generators.subset_v1`" in TEXT
    found = {unit: names for unit, names in imports("generators").items() if "registry" in names}
    assert found == {}, "a generator imports what is not frozen"


def test_who_imports_packages_from_outside(registry):
    """Each heavy package is imported by those that the page lists beside it, and by no other."""
    drawn = [line.split() for line in block("Packages from outside").splitlines()]
    assert len(drawn) == 18, "the drawing is not read whole"
    for package, *users in drawn:
        found = sorted(unit for unit, names in registry.items() if package in names)
        assert found == users, f"{package} is imported by others"


def test_names_on_the_page():
    """Modules, files and folders that the page names exist."""
    text = re.sub(r"\]\([^)]*\)", "]", TEXT)
    modules = set(re.findall(r"\b(?:fixture_)?registry(?:\.\w+)+", text))
    assert len(modules) > 12, "no sketches any more"
    paths = {name.replace(".", "/") for name in modules}
    missing = [
        p for p in paths if not ((REPOSITORY / p).is_dir() or (REPOSITORY / f"{p}.py").is_file())
    ]
    assert missing == [], "modules that do not exist"
    files = set(
        re.findall(r"(?<!NAME_vN)\b(?:\w+/)*\w+\.(?:yaml|lock|toml|txt|schema\.json)\b", TEXT)
    )
    assert len(files) > 5, "no files any more"
    assert [
        file for file in files if "NAME" not in file and not (REPOSITORY / file).is_file()
    ] == []
    folders = re.findall(r"`((?:\w+/)+)`", TEXT.partition("## Where what is")[2])
    assert len(folders) > 12, "no table any more"
    assert [folder for folder in folders if not (REPOSITORY / folder).is_dir()] == []


def test_code_identity():
    """The command of the page prints the lines that it speaks of, and none of what only words."""
    assert block("Code identity") == "cat build/code/subset_v1\n"
    printed = (REPOSITORY / "build/code/subset_v1").read_text()
    lines = {path: digest for digest, path in map(str.split, printed.splitlines())}
    assert lines["generators/subset_v1.py"] == "blob:454b49f04cc661e237dfb6d79691d540db6e894d"
    assert lines["schemas/data_001_v1.schema.json"].startswith("9aeb29dc7fb48bb2a9db")
    assert "registry/build/fixture.py" in lines
    words = {"registry/errors.py", "registry/console.py", "registry/cli/__init__.py"}
    assert words & lines.keys() == set(), "what only words something counts"
