"""Of the suite itself: pytest goes into every folder that has tests."""

from __future__ import annotations

from fnmatch import fnmatch

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
