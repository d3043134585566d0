"""Generators compute with what is the same on every machine, and with nothing else.

What is not on the lists below is named, by file and line. Of what stands in a text that is as much
as can be seen: not that numbers are complex, whose product may be fused and whose absolute value is
the C library's. Generators have pairs of real arrays in their place (`exact_v1`), and emulated
machines show the rest (docs/regenerate.md).
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator

import numpy as np
import pytest

from tests.kit.repository import FOLDER, REPOSITORY

GENERATORS = REPOSITORY / "generators"

# Rounded correctly by IEEE 754, or without rounding.
_NUMPY = """
    sqrt abs rint floor ceil maximum minimum clip where spacing

    all array_equal isfinite count_nonzero bincount argmax argmin argsort argwhere flatnonzero
    searchsorted sort unique unravel_index

    arange array asarray ascontiguousarray empty empty_like ix_ moveaxis ones roll stack swapaxes
    zeros lib.stride_tricks.sliding_window_view

    complex128 dtype errstate float32 float64 iinfo inf int64 intp nan ndarray uint64

    random.PCG64 random.RandomState
"""
NUMPY = {f"np.{name}" for name in _NUMPY.split()}
# Of arrays, and of RandomState, whose streams numpy has frozen.
_METHODS = """
    all any astype conj copy dtype imag itemsize max min ndim poisson ravel real reshape shape size
    transpose
"""
METHODS = set(_METHODS.split())
MODULES = {
    "collections.abc",
    "decimal",  # rounds as it says, by itself
    "functools",
    "math",
    "numpy",
    "typing",
}
MATH = {"math.gcd", "math.isqrt"}
# Python's float sum is another one since 3.12.
BUILTINS = {"sum", "pow", "getattr", "eval", "exec", "__import__"}

_OF_NUMPY = {
    name
    for kind in (np.ndarray, np.random.RandomState, np.random.Generator)
    for name in dir(kind)
    if not name.startswith("_")
}

FROZEN = "frozen; the mean of many sums holds by margin: docs/regenerate.md"
DECIDES = "decides whether a file is refused; nothing that is stored comes of it"
EXEMPT = {
    ("simulate_v1", "mean"): FROZEN,
    ("simulate_v1", "sum"): FROZEN,
    ("pixels_v1", "math.lgamma"): DECIDES,
    ("pixels_v1", "math.log"): DECIDES,
    ("pixels_v1", "sum"): DECIDES,
}


def inexact(text: str) -> Iterator[tuple[int, str]]:
    """Line and name of each operation in a module's text that is not on the lists."""
    tree, inner = ast.parse(text), set[ast.AST]()
    # modules of generators, which are gone through themselves
    own = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "generators"
        for alias in node.names
    }
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    # by another name its functions would not be known
                    named = alias.asname or alias.name
                    wanted = "np" if alias.name == "numpy" else alias.name
                    if alias.name not in MODULES or named != wanted:
                        yield node.lineno, f"import {alias.name}"
            case ast.ImportFrom(module=module):
                from_generators = (module or "").split(".")[0] == "generators"
                if not from_generators and module not in {"collections.abc", "typing"}:
                    yield node.lineno, f"import {module}"
            case ast.BinOp(op=op) | ast.AugAssign(op=op):
                if isinstance(op, ast.MatMult):
                    yield node.lineno, "@"
                elif isinstance(op, ast.Pow) and not _of_two(node):
                    yield node.lineno, "**"
            case ast.Name(id=name) if name in BUILTINS:
                yield node.lineno, name
            case ast.Attribute(attr=attr) if node not in inner:
                dotted = ast.unparse(node)
                while isinstance(node.value, ast.Attribute):
                    inner.add(node := node.value)
                root = node.value.id if isinstance(node.value, ast.Name) else ""
                if root in ("np", "math"):
                    if dotted not in NUMPY | MATH:
                        yield node.lineno, dotted
                elif root not in own and attr in _OF_NUMPY - METHODS:
                    yield node.lineno, attr


def _of_two(node: ast.AST) -> bool:
    """Whether this is a power of two, written down as such."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.left, ast.Constant):
        return False
    exponent = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
    return node.left.value == 2 and isinstance(exponent, ast.Constant)


def test_generators_compute_with_nothing_else():
    """Each operation that may differ between machines is named; what is exempt is still there."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(GENERATORS.glob("*.py")):
        for line, name in inexact(path.read_text()):
            found.setdefault((path.stem, name), []).append(f"{path.name}:{line}: {name}")
    others = [place for key, places in found.items() if key not in EXEMPT for place in places]
    assert not others, "not on the list of exact operations"
    assert set(found) == set(EXEMPT), "an exemption is of no use any more"


def test_what_is_exempt_as_frozen_is_frozen():
    """A published sidecar names its bytes: nobody could mend it."""
    frozen = set()
    for path in (REPOSITORY / FOLDER).glob("*.json"):
        record = json.loads(path.read_bytes())
        frozen |= record["source_generators"].keys()
    for (module, _), reason in EXEMPT.items():
        if reason == FROZEN:
            assert f"generators/{module}.py" in frozen, f"{module} can be mended"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("np.fft.fft2(x)", "np.fft.fft2"),
        ("np.exp(x)", "np.exp"),
        ("np.add.reduce(x)", "np.add.reduce"),
        ("np.random.default_rng(1).normal(x)", "np.random.default_rng"),
        ("np.random.RandomState(1).normal(x)", "normal"),
        ("total = x.sum; total()", "sum"),
        ("(x * x).sum(axis=1).mean()", "mean"),
        ("sum(x)", "sum"),
        ("pow(x, 3)", "pow"),
        ("x @ y", "@"),
        ("x @= y", "@"),
        ("x ** 0.5", "**"),
        ("2.0 ** x", "**"),
        ("x **= 2", "**"),
        ("math.sin(x)", "math.sin"),
        ("import scipy", "import scipy"),
        ("import numpy", "import numpy"),
        ("import math as m", "import math"),
        ("from numpy import fft", "import numpy"),
        ("from numpy.fft import fft2", "import numpy.fft"),
        ("getattr(np, 'exp')(x)", "getattr"),
    ],
)
def test_what_is_named(text, name):
    """Whichever way an operation is written."""
    assert name in [found for _, found in inexact(text)]


def test_what_is_not_named():
    """What IEEE 754 rounds correctly, powers of two, indices, casts."""
    text = "2.0**-53 * (x + y) / np.sqrt(x.astype(np.float64)[::-1].reshape(-1)) - x.shape[0]"
    assert list(inexact(text)) == []
    assert list(inexact("import numpy as np\nfrom generators import exact_v1 as exact")) == []


def test_where_it_is_named():
    """By its line."""
    assert list(inexact("x = 1\n\ny = np.exp(x)")) == [(3, "np.exp")]
