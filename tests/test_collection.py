"""Of the suite itself: pytest goes into every folder that has tests."""

from __future__ import annotations

from fnmatch import fnmatch

from tests.kit.order import slow_first
from tests.kit.repository import REPOSITORY


def test_no_folder_of_tests_is_left_out(pytestconfig):
    """By default pytest passes over folders of some names, `build` and `dist` among them."""
    patterns = pytestconfig.getini("norecursedirs")
    modules = [
        file.relative_to(REPOSITORY)
        for top in pytestconfig.getini("testpaths")
        for file in (REPOSITORY / top).rglob("*.py")
    ]
    assert len(modules) > 400, "these are not the modules of this repository"
    left_out = [
        str(file)
        for file in modules
        if any(fnmatch(part, pattern) for part in file.parent.parts for pattern in patterns)
    ]
    assert left_out == [], "pytest would not look here"


def test_slow_tests_come_first():
    """In each worker's part, which are equal; no test is lost, and slow ones keep their order."""
    assert slow_first(list("ABCDE"), list("abcde"), 1) == list("ABCDEabcde")
    assert slow_first(list("ABCD"), list("abcdef"), 2) == list("ABabcCDdef")
    assert slow_first(list("ABCDE"), list("abcde"), 2) == list("ABabCDEcde")
    assert slow_first(list("AB"), list("abcd"), 3) == list("aAbBcd")
    assert slow_first([], list("abc"), 2) == list("abc")
