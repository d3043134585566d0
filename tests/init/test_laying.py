"""Tests of `registry.init.laying`: all files, or none; and nothing of anybody's is changed."""

from __future__ import annotations

from shlex import quote

import pytest

from registry import files
from registry.errors import UsageError
from registry.init.laying import lay
from registry.init.plan import Item, Kind
from tests.kit.files import contents
from tests.kit.upstream import git

PARAMS, TEST, FROZEN, LAST = "params.yaml", "tests/test.py", "schemas/a.json", "dvc.yaml"
LINES = ".gitignore"
TEXTS = {
    LINES: (Kind.LINES, b"# Built.\n/build/\n*.npz\n"),
    PARAMS: (Kind.OWNED, b"fixtures: {}\n"),
    TEST: (Kind.OWNED, b"1\n"),
    FROZEN: (Kind.FROZEN, b"{}\n"),
    LAST: (Kind.FROZEN, b"stages: {}\n"),
}
WRITTEN = {name: text for name, (_, text) in TEXTS.items()}


@pytest.fixture
def root(top):
    """The folder of a registry to be."""
    return top / "data"


@pytest.fixture
def laid(top, root):
    """Lay the files of this test out; names of those that were written."""
    items = [
        Item(path=root / name, kind=kind, data=text, sign=b"fixtures:" if name == PARAMS else b"")
        for name, (kind, text) in TEXTS.items()
    ]
    return lambda: [path.relative_to(root).as_posix() for path in lay(top, root, items)]


def refused(laid, root) -> str:
    """What is said where something is in the way, of which nothing is changed."""
    before = contents(root)
    with pytest.raises(UsageError) as caught:
        laid()
    assert contents(root) == before, "something was written"
    return str(caught.value)


def test_a_new_folder(laid, root):
    """All is written; a second run writes nothing."""
    assert laid() == list(TEXTS)
    assert contents(root) == WRITTEN
    assert laid() == []
    assert contents(root) == WRITTEN


def test_what_is_in_the_way(laid, root):
    """Everything of it is named at once, and stays."""
    for name in (PARAMS, FROZEN):
        (root / name).parent.mkdir(exist_ok=True, parents=True)
        (root / name).write_text("somebody else's, of fixtures:\n")
    (root / LAST).mkdir()
    (root / "tests").write_text("no folder\n")
    (root / LINES).symlink_to("elsewhere")
    (root / "registry.py").touch()
    assert refused(laid, root) == (
        f"registry {root}\n"
        "  expected: no file where one is to be written, or the very same\n"
        f"  found:    {root / 'registry.py'}: Python would import it in place of this package\n"
        "            data/.gitignore: a link\n"
        "            data/params.yaml: another file\n"
        "            data/tests/test.py: a file stands where its folder has to be\n"
        "            data/schemas/a.json: another file\n"
        "            data/dvc.yaml: no file\n"
        "  to mend:  name a folder of its own, such as: fixtures init fixtures; or move what is in "
        "the way; nothing was written"
    )


def test_what_its_owner_went_on_writing(laid, root):
    """It stays, in a registry; what is frozen has to be as it was, and what is gone comes back."""
    laid()
    (root / PARAMS).write_text("fixtures: {new_v1: {}}\n")
    (root / TEST).write_text("2\n")
    assert laid() == []
    (root / FROZEN).write_text("[]\n")
    assert "data/schemas/a.json: another file\n" in refused(laid, root)
    (root / FROZEN).unlink()
    assert laid() == [FROZEN]
    (root / PARAMS).write_text("sources: {}\n")
    assert "data/params.yaml: another file\n" in refused(laid, root), "it is no declaration"


def test_lines_into_a_file_that_is_there(laid, root):
    """They come behind what is there, once; whoever has these rules has them already."""
    root.mkdir()
    path = root / LINES
    path.write_bytes(b"mine\r\n*.npz\r\n")
    assert LINES in laid()
    assert path.read_bytes() == b"mine\r\n*.npz\n\n" + TEXTS[LINES][1]
    assert laid() == []
    path.write_bytes(b"*.npz\n  /build/\n")
    assert laid() == []
    path.write_bytes(b"# /build/\n*.npz\n")
    assert laid() == [LINES], "a comment was taken for a rule"
    path.write_bytes(b"\n")
    laid()
    assert path.read_bytes() == TEXTS[LINES][1]


def test_a_place_that_git_leaves_out(laid, top, root):
    """Nobody else would ever see a registry there."""
    (top / ".gitignore").write_text("*.json\ndvc.yaml\n")
    assert refused(laid, root) == (
        "data/schemas/a.json and 1 more\n"
        "  expected: a place whose files git tracks\n"
        "  found:    one that a rule of .gitignore leaves out\n"
        f"  to mend:  git -C {quote(str(top))} check-ignore -v data/schemas/a.json names the rule; "
        "nothing was written"
    )
    (root / "schemas").mkdir(parents=True)
    for name in (FROZEN, LAST):
        (root / name).write_bytes(WRITTEN[name])
    git(top, "add", "--force", "data")
    assert laid() == [LINES, PARAMS, TEST], "a file that is tracked is not ignored"


def test_an_interrupted_run(laid, root, monkeypatch):
    """Wherever it ends, files are whole or absent, and the next run writes the others."""
    put = files._put
    for count in range(len(TEXTS)):
        names = iter(range(count))

        def until(file, path, names=names):
            if next(names, None) is None:
                raise KeyboardInterrupt
            put(file, path)

        monkeypatch.setattr(files, "_put", until)
        with pytest.raises(KeyboardInterrupt):
            laid()
        assert contents(root) == {name: WRITTEN[name] for name in list(TEXTS)[:count]}
        monkeypatch.setattr(files, "_put", put)
        assert laid() == list(TEXTS)[count:]
        assert contents(root) == WRITTEN
        for name in TEXTS:
            (root / name).unlink()
