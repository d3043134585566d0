"""docs/architecture.md against the imports of the code: every arrow that it draws, and no other."""

from __future__ import annotations

import ast
import re

import pytest

from tests.kit.repository import REPOSITORY

PAGE = REPOSITORY / "docs" / "architecture.md"
PACKAGE = REPOSITORY / "registry"


def unit(module: str) -> str:
    """What stands on the page for a module: ``registry.cli.show`` is ``cli``."""
    return module.split(".")[1] if "." in module else module


@pytest.fixture(scope="module")
def drawn():
    """Layers, from 1 up: (modules from left to right, numbers of the layers they import)."""
    (block,) = re.findall(r"```text\n *imports\n(.*?)\n\n", PAGE.read_text("utf-8"), re.DOTALL)
    layers: dict[int, tuple[list[str], list[int]]] = {}
    number = 0
    for line in block.splitlines():
        head = re.match(r"(\d)  [\w ]+?  +(?=\w)|  +", line)
        arrows = re.search(r"  +((?:\d ?)+)$", line)
        # a line without a number goes on with the one above
        number = int(head[1] or number)
        modules = line[head.end() : arrows.start() if arrows else None].split()
        known = layers.setdefault(number, ([], []))
        known[0].extend(modules)
        known[1].extend(map(int, arrows[1].split()) if arrows else ())
    return dict(sorted(layers.items()))


@pytest.fixture(scope="module")
def code():
    """Imports of each module or package of `registry`, all of them, wherever they are made."""
    modules = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(REPOSITORY).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    found: dict[str, set[str]] = {unit(module): set() for module in modules}
    for module, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                # `from registry import npz` imports the module registry.identity.npz
                inner = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in modules else node.module for name in inner]
            ours = {unit(name) if name.split(".")[0] == "registry" else name for name in names}
            found[unit(module)] |= ours - {unit(module)}
    return found


def exceptions() -> list[tuple[str, str]]:
    """Arrows that the page names as leading up."""
    (line,) = re.findall(r"(?m)^against the order: (.*)$", PAGE.read_text("utf-8"))
    return re.findall(r"(\w+) -> (\w+)", line)


def ours(names: set[str], code: dict[str, set[str]]) -> set[str]:
    """Those that are of `registry`."""
    return {name for name in names if name in code}


def test_every_module_is_drawn_once(drawn, code):
    """A new module has its place on the page, and one that is gone has none."""
    placed = [module for modules, _ in drawn.values() for module in modules]
    assert sorted(placed) == sorted(code), "docs/architecture.md draws other modules"


def test_imports_follow_the_order(drawn, code):
    """Each import leads down, or to the left; exceptions are named on the page and needed."""
    order = [module for modules, _ in drawn.values() for module in modules]
    place = {module: number for number, module in enumerate(order)}
    against = [
        (module, other)
        for module, names in sorted(code.items())
        for other in sorted(ours(names, code))
        if place[other] > place[module]
    ]
    assert against == exceptions(), "imports against the order"


def test_arrows_between_layers(drawn, code):
    """The numbers on the right of a layer are those of the layers that it imports."""
    layer = {module: number for number, (modules, _) in drawn.items() for module in modules}
    up = exceptions()
    for number, (modules, arrows) in drawn.items():
        imported = {
            layer[other]
            for module in modules
            for other in ours(code[module], code)
            if (module, other) not in up
        }
        assert arrows == sorted(imported - {number}), f"layer {number} imports other layers"


def test_nothing_imports_what_stands_above(code):
    """`registry` knows neither generators nor benchmarks nor tests."""
    for module, names in code.items():
        found = {name.split(".")[0] for name in names} & {"generators", "bench", "tests"}
        assert found == set(), f"registry.{module} imports {found}"


def test_who_imports_packages_from_outside(code):
    """Each heavy package is imported by those that the page lists beside it, and by no other."""
    text = PAGE.read_text("utf-8").partition("## Packages from outside")[2]
    (block,) = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    for line in block.splitlines():
        package, *users = line.split()
        found = sorted(
            module
            for module, names in code.items()
            if package in {name.split(".")[0] for name in names}
        )
        assert found == users, f"{package} is imported by others"


def test_names_in_the_sketches(code):
    """Modules that the page's first sketches name exist, and so do files of the repository."""
    text = PAGE.read_text("utf-8").partition("## Layers")[0]
    modules = re.findall(r"registry\.(\w+)", text)
    assert len(modules) > 8, "no sketches any more"
    assert sorted(set(modules) - set(code)) == [], "modules that do not exist"
    files = re.findall(r"[\w/.]*\.(?:yaml|lock|json)\b", text)
    assert [file for file in files if not (REPOSITORY / file).is_file()] == []


def test_a_line_that_goes_on(drawn):
    """The drawing is read whole: three modules, each at another place of it."""
    place = {module: number for number, (modules, _) in drawn.items() for module in modules}
    assert (place["errors"], place["console"], place["cli"]) == (1, 2, 7)
