"""Tests of `registry.build.closure`: what is imported, and what of a module counts."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from registry.build import closure
from registry.errors import CheckError

MODULE = '''\
"""What it is."""

from registry.errors import CheckError


def check(n: int) -> int:
    """What it does."""
    # why
    if n < 16:
        raise CheckError("n", expected="at least 16", found=f"{n}", remedy="more")
    if n > 128:
        return Failure(criterion="n", expected="at most 128", found=f"{n} of them")
    return n + 1
'''


@pytest.fixture
def root(tmp_path):
    """Generators: `a_v1` imports `b_v1`, which imports `c_v1` in a function; and `d_v1`."""
    folder = tmp_path / "generators"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "a_v1.py").write_text("import numpy as np\nfrom generators import b_v1 as other\n")
    (folder / "b_v1.py").write_text("def f():\n    from generators.c_v1 import x\n    return x\n")
    (folder / "c_v1.py").write_text("x = 1\n")
    (folder / "d_v1.py").write_text("x = 1\n")
    return tmp_path


def names(root: Path, *entries: str) -> list[str]:
    """Names of the files in a closure."""
    return sorted(closure.closure(root, entries).values())


def test_imports_are_followed(root):
    """What a generator imports, directly or not, at its top or in a function, and nothing else."""
    assert names(root, "generators.a_v1") == [
        "generators/__init__.py",
        "generators/a_v1.py",
        "generators/b_v1.py",
        "generators/c_v1.py",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "import generators.d_v1\n",
        "import generators.d_v1 as d\n",
        "from generators.d_v1 import x\n",
        "from . import d_v1\n",
        "from .d_v1 import x\n",
        "try:\n    pass\nexcept ValueError:\n    from generators import d_v1\n",
    ],
)
def test_every_form_of_import(root, text):
    """However an import is written, it is followed."""
    (root / "generators/a_v1.py").write_text(text)
    assert "generators/d_v1.py" in names(root, "generators.a_v1")


def test_what_only_a_type_checker_imports(root):
    """An import under TYPE_CHECKING never runs, and its `else` does."""
    (root / "generators/a_v1.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from generators import b_v1\n"
        "else:\n    from generators import d_v1\n"
    )
    assert names(root, "generators.a_v1") == [
        "generators/__init__.py",
        "generators/a_v1.py",
        "generators/d_v1.py",
    ]


@pytest.mark.parametrize("test", ["not TYPE_CHECKING", "NO_TYPE_CHECKING", "x or TYPE_CHECKING"])
def test_what_others_than_a_type_checker_import(root, test):
    """A condition that only ends in the word TYPE_CHECKING may hold in a run."""
    (root / "generators/a_v1.py").write_text(f"if {test}:\n    from generators import d_v1\n")
    assert "generators/d_v1.py" in names(root, "generators.a_v1"), "not followed"


def test_a_text_is_parsed_once(root, monkeypatch):
    """What a module imports and what it does are read from one tree."""
    (root / "generators/__init__.py").write_text("x = 1\n")
    parsed = []
    parse = ast.parse

    def noted(text, *others, **options):
        parsed.append(text)
        return parse(text, *others, **options)

    with monkeypatch.context() as patched:
        patched.setattr(ast, "parse", noted)
        closure.text(root, ["generators.a_v1"])
    assert parsed.count(b"x = 1\n") == 2, "not once for each file that says so"


def test_a_circle(root):
    """Two modules that import each other are both there, once."""
    (root / "generators/c_v1.py").write_text("from generators import a_v1\n")
    assert len(names(root, "generators.a_v1")) == 4


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import importlib\n", "importlib"),
        ("import importlib.util\n", "importlib"),
        ("from importlib import import_module\n", "importlib"),
        ("d = __import__('generators.d_v1')\n", "__import__"),
    ],
)
def test_imports_that_are_computed(root, text, found):
    """A generator whose imports cannot be read off its text is refused by name."""
    (root / "generators/c_v1.py").write_text(text)
    with pytest.raises(CheckError) as caught:
        closure.closure(root, ["generators.a_v1"])
    assert caught.value.subject == "generators/c_v1.py"
    assert caught.value.found == found


def test_a_generator_that_is_no_python(root):
    """A syntax error names the file."""
    (root / "generators/a_v1.py").write_text("def f(:\n")
    with pytest.raises(CheckError) as caught:
        closure.closure(root, ["generators.a_v1"])
    assert caught.value.subject == "generators/a_v1.py"


def test_blobs_are_what_git_says(root):
    """Path and id of a generator and its helpers; a checkout with Windows newlines is the same."""
    (root / "generators/a_v1.py").write_bytes(b"from generators import d_v1\n")
    (root / "generators/d_v1.py").write_bytes(b"hello = 1\r\n")
    # as git hash-object prints them of the files with LF
    assert closure.blobs(root, "a_v1") == {
        "generators/a_v1.py": "blob:aeb00dc869c6ef6081e7d09eb41527aa7a025d54",
        "generators/d_v1.py": "blob:d7501694bb581f4ca76a85243ba9efa0d3d0eed7",
    }


def test_words_alone_are_left_out(root):
    """A module of words, and what it imports, is in no closure of this package's own."""
    found = names(root, "registry.build.fixture")
    assert "registry/build/fixture.py" in found, "the runner itself is missing"
    for module in ("errors", "console", "storage/progress"):
        assert f"registry/{module}.py" not in found, f"{module} only words something"


def digest(tmp_path: Path, text: str) -> str:
    """Digest of a module with this text."""
    path = tmp_path / "module.py"
    path.write_text(text)
    return closure.behaviour(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("What it is", "What it was"),
        ("What it does", "What it did"),
        ("# why", "# why not"),
        ("    # why\n", ""),
        ("at least 16", "sixteen or more"),
        ('f"{n}"', 'f"only {n}"'),
        ("at most 128", "128 or fewer"),
        ("{n} of them", "{n}"),
        ("n + 1", "(n + 1)"),
        ("\n\n\n", "\n\n"),
    ],
)
def test_what_does_not_count(tmp_path, old, new):
    """Docstrings, comments, layout and the words of errors."""
    assert old in MODULE
    assert digest(tmp_path, MODULE.replace(old, new)) == digest(tmp_path, MODULE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("n < 16", "n <= 16"),
        ("n + 1", "n + 2"),
        ("n + 1", "n + 1.0"),
        ("n + 1", "n - 1"),
        ("CheckError(", "UsageError("),
        ('criterion="n"', 'criterion="m"'),
        ("Failure(", "Fault("),
        ("def check", "def look"),
        ("return n + 1", "n + 1"),
        ("    return n", "        return n"),
    ],
)
def test_what_counts(tmp_path, old, new):
    """Every change that can change what a module does."""
    assert old in MODULE
    assert digest(tmp_path, MODULE.replace(old, new)) != digest(tmp_path, MODULE)


def test_a_module_that_does_nothing(tmp_path):
    """A docstring alone has no digest, so that nothing depends on it."""
    assert digest(tmp_path, '"""Words."""\n') == digest(tmp_path, "") == ""


def test_the_digest_is_the_same_with_every_python(tmp_path):
    """A literal digest of a module with what versions of Python parse in ways of their own."""
    text = (
        "def f(a, /, b: int = 1, *c, d=2, **e) -> str | None:\n"
        "    return f'{a!r:>{b}} {{}} ' 'x' f'{d=}' if (g := c) else b'\\x00'\n"
        "class A(B):\n    x: int = ...\n    y = 1e6, -0.0, 1j, 10**3, 'é'\n"
    )
    assert digest(tmp_path, text) == (
        "4d97445e3d71d621a69d991067dae2ead8f001119bb2c315077bf9a2dea87d85"
    )
