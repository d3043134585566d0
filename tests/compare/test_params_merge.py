"""Tests of `registry.compare.params_merge`. With git: tests/cli/test_merge_params.py."""

from __future__ import annotations

import pytest

from registry.compare.params_merge import merge
from registry.declare import yaml_text
from registry.errors import CheckError
from registry.storage import git

BASE = """\
# What exists.

sources:
  twin: &twin {seed: 1}

dataset:
  name: scans
  keywords: [a]

fixtures:
  # The first.
  a_v1: &a
    n: 64
    # of which some are dark

  # Another.
  b_v1:
    <<: *a
    n: 16

  # Variants, off by default.
  # v_v1: {<<: *a, Y: true}
  # w_v1: {<<: *a, Y: false}

# The end.
"""
B = "  # Another.\n  b_v1:\n    <<: *a\n    n: 16\n"


def edited(*pairs: tuple[str, str], base: str = BASE) -> str:
    """The base with each first text, which it has once, replaced by the second."""
    for old, new in pairs:
        assert base.count(old) == 1, f"not one place with {old!r}"
        base = base.replace(old, new)
    return base


def merged(ours: str, theirs: str, base: str = BASE) -> str:
    """What comes of two sides without a conflict."""
    found = merge(base.encode(), ours.encode(), theirs.encode())
    assert found.conflicts == [], f"conflicts:\n{found.data.decode()}"
    return found.data.decode()


def conflicts(ours: str, theirs: str, base: str = BASE) -> tuple[list[str], str]:
    """The names of what is in conflict, and the text."""
    found = merge(base.encode(), ours.encode(), theirs.encode())
    return found.conflicts, found.data.decode()


def test_a_section_that_is_an_alias():
    """Where the other side changes what it stands for, it is in conflict, as it is written."""
    ours, theirs = edited(("{seed: 1}", "{seed: 2}")), f"{BASE}\nextra: *twin\n"
    named, text = conflicts(ours, theirs)
    assert named == ["extra"]
    assert text.endswith("<<<<<<< ours\n=======\n\n# The end.\n\nextra: *twin\n>>>>>>> theirs\n")


def test_a_comment_goes_with_what_it_stands_above():
    """And not with a section before it that one side takes away."""
    dataset = "dataset:\n  name: scans\n  keywords: [a]\n"
    above = edited((f"\n{dataset}\n", f"{dataset}# All that there is.\n"))
    ours = edited((dataset, ""), base=above)
    theirs = edited(("All that there is", "All of it"), base=above)
    expected = edited(("All that there is", "All of it"), base=ours)
    assert merged(ours, theirs, above) == merged(theirs, ours, above) == expected


def between(ours: str, theirs: str) -> str:
    """Two texts between markers."""
    return f"<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n"


def test_both_add_at_one_place():
    """Entries that end in the same line keep it, each its own, before the comments that follow."""
    x, y = (f"\n  {name}_v1:\n    <<: *a\n    {name}: 1\n    n: 32\n" for name in "xy")
    found = merged(edited((B, B + x)), edited((B, B + y)))
    assert found == edited((B, B + x + y)), "not both, or comments elsewhere"


def test_the_order_of_a_merge():
    """It changes in which order the entries stand, and nothing of what they say."""
    x, y = (f"\n  {name}_v1:\n    <<: *a\n    n: 32\n" for name in "xy")
    one, other = edited((B, B + x)), edited((B, B + y))
    found = [yaml_text.parse(merged(*sides)) for sides in ((one, other), (other, one))]
    assert found[0] == found[1], "what is declared depends on who merges whom"


def test_each_switches_a_variant_on():
    """Comments that become entries are merged as git does, where it can."""
    old, new = "  # v_v1: {<<: *a, Y: true}\n", "  v_v1: {<<: *a, Y: true}\n"
    many = BASE.replace(old, f"{old}  # of another kind\n  # see the page\n")
    theirs = ("  # w_v1: {", "  w_v1: {")
    found = merged(edited((old, new), base=many), edited(theirs, base=many), many)
    assert found == edited((old, new), theirs, base=many), "not both"


def test_a_variant_switched_on_beside_an_addition():
    """The entry takes along the comments above it, and the others stay below."""
    old, new = "  # v_v1: {<<: *a, Y: true}\n", "  v_v1: {<<: *a, Y: true}\n"
    y = "\n  y_v1:\n    <<: *a\n    n: 32\n"
    found = yaml_text.parse(
        merged(edited((B, B + y), (old, new)), edited((B, B + y + y.replace("y_", "z_"))))
    )
    assert list(found["fixtures"]) == ["a_v1", "b_v1", "y_v1", "v_v1", "z_v1"]


def test_keys_of_other_sections():
    """Those are parts like entries, whatever their values are."""
    ours = (("  name: scans\n", "  name: our scans\n"),)
    theirs = (("  keywords: [a]\n", "  keywords: [a, b]\n"),)
    assert merged(edited(*ours), edited(*theirs)) == edited(*ours, *theirs)


@pytest.mark.parametrize("sections", [("deprecated", "deprecated"), ("deprecated", "retired")])
def test_new_sections(sections):
    """One that both added has the entries of both; of two that differ there are both."""
    ours, theirs = (
        f"{BASE}{section}:\n  {name}_v1: {{reason: {name}}}\n"
        for section, name in zip(sections, "ab", strict=True)
    )
    found = yaml_text.parse(merged(ours, theirs))
    for section, name in zip(sections, "ab", strict=True):
        assert found[section][f"{name}_v1"] == {"reason": name}
    assert found["fixtures"] == yaml_text.parse(BASE)["fixtures"], "fixtures changed"


def test_a_section_without_entries():
    """Braces with nothing inside give way to entries of both sides."""
    base = "sources: {}\nfixtures: {}\n"
    ours, theirs = (f"sources: {{}}\nfixtures:\n  {name}_v1:\n    n: 1\n" for name in "ab")
    found = merged(ours, theirs, base)
    assert found == "sources: {}\nfixtures:\n  a_v1:\n    n: 1\n  b_v1:\n    n: 1\n"


def test_one_entry_in_two_places():
    """By lines it would be there twice."""
    x = "\n  x_v1:\n    <<: *a\n    n: 1\n"
    end_of_a = "    # of which some are dark\n"
    found = merged(edited((B, B + x)), edited((end_of_a, end_of_a + x)))
    assert found.count("x_v1:") == 1
    assert yaml_text.parse(found) == yaml_text.parse(edited((B, B + x)))


def test_comments_below_an_entry_are_its_own():
    """So an entry that is added follows them, and one that is removed takes them along."""
    end_of_a = "    # of which some are dark\n"
    x, y = (f"\n  {name}_v1: {{n: 1}}\n" for name in "xy")
    found = merged(edited((end_of_a, end_of_a + x)), edited((end_of_a, end_of_a + y)))
    assert found == edited((end_of_a, end_of_a + x + y))


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_ends_of_lines(end):
    """They stay as they are."""
    x, y = ("\n  x_v1:\n    n: 32\n", "\n  y_v1:\n    n: 32\n")
    base, ours, theirs = (edited((B, B + more)).replace("\n", end) for more in ("", x, y))
    assert merged(ours, theirs, base) == edited((B, B + x + y)).replace("\n", end)


def test_a_last_line_without_an_end():
    """It gets one before another entry follows."""
    base = "fixtures:\n  a_v1:\n    n: 1"
    found = merged(f"{base}\n  x_v1:\n    n: 2", f"{base}\n  y_v1:\n    n: 2", base)
    assert found == f"{base}\n  x_v1:\n    n: 2\n  y_v1:\n    n: 2\n"


def test_no_common_ancestor():
    """Two branches that each made a declaration: git hands over an empty base."""
    ours, theirs = (f"fixtures:\n  {name}_v1:\n    n: 1\n" for name in "ab")
    found = merged(ours, theirs, "")
    assert found == "fixtures:\n  a_v1:\n    n: 1\n  b_v1:\n    n: 1\n"


def test_both_changed_an_entry():
    """Both versions stand between markers, and all around them is merged."""
    x, y = (f"\n  {name}_v1:\n    n: 32\n" for name in "xy")
    one, other = B.replace("16", "17"), B.replace("16", "18")
    names, text = conflicts(edited((B, one + x)), edited((B, other + y)))
    assert names == ["fixtures.b_v1"]
    assert text == edited(("\n" + B, between("\n" + one, "\n" + other) + x + y))


@pytest.mark.parametrize("is_ours", [False, True])
def test_removed_on_one_side_and_changed_on_the_other(is_ours):
    """That is a conflict, with nothing on the side that removed it."""
    changed = B.replace("16", "17")
    sides = [("\n" + B, "\n" + changed), ("\n" + B, "")]
    one, other = sides if is_ours else sides[::-1]
    names, text = conflicts(edited(one), edited(other))
    assert names == ["fixtures.b_v1"]
    assert text == edited(("\n" + B, between(one[1], other[1])))


def test_both_added_one_name():
    """Two that differ are a conflict, the same one twice is none."""
    x = "\n  x_v1:\n    n: 1\n"
    assert conflicts(edited((B, B + x)), edited((B, B + x.replace("1\n", "2\n"))))[0] == [
        "fixtures.x_v1"
    ]
    assert merged(edited((B, B + x)), edited((B, B + x))) == edited((B, B + x))


@pytest.mark.parametrize("is_ours", [False, True])
def test_an_addition_that_inherits_what_the_other_side_changed(is_ours):
    """By lines it would silently say something else than on its branch: its values are shown."""
    x = "\n  # New.\n  x_v1: &x\n    <<: *a\n    m: 1\n    # odd\n"
    written_out = "\n  # New.\n  x_v1: &x\n    n: 64\n    m: 1\n    # odd\n"
    sides = [edited((B, B + x)), edited(("n: 64", "n: 65"))]
    names, text = conflicts(*(sides if is_ours else sides[::-1]))
    assert names == ["fixtures.x_v1"], "not the one that would change"
    marked = between(written_out, "") if is_ours else between("", written_out)
    assert text == edited(("n: 64", "n: 65"), (B, B + marked))


def test_what_inherits_from_a_conflict():
    """The entry that both changed is named, not those that follow whatever is chosen."""
    base = edited((B, B.replace("n: 16", "m: 16")))
    sides = (edited(("n: 64", f"n: {n}"), base=base) for n in (65, 66))
    names, _ = conflicts(*sides, base)
    assert names == ["fixtures.a_v1"]


def test_what_inherits_what_it_says_already():
    """An entry that one side leaves as it was, but for the order of its keys, follows the other."""
    base = "fixtures:\n  a_v1: &a {z: 0}\n  b_v1:\n    <<: *a\n    m: 1\n"
    ours, theirs = (base.replace("{z: 0}", text) for text in ("{m: 1, z: 0}", "{n: 1, z: 0}"))
    found, text = conflicts(ours, theirs, base)
    assert found == ["fixtures.a_v1", "fixtures.b_v1"], text


def test_one_text_that_says_two_things():
    """An entry of one text on both sides, that inherits different values, is a conflict."""
    x = "\n  x_v1:\n    <<: *a\n    m: 1\n"
    names, text = conflicts(edited((B, B + x), ("n: 64", "n: 65")), edited((B, B + x)))
    assert names == ["fixtures.x_v1"]
    assert between(x.replace("<<: *a", "n: 65"), x.replace("<<: *a", "n: 64")) in text


def test_one_text_that_says_two_things_beside_another_conflict():
    """It does not follow from what is chosen there, and so is named, too."""
    x = "\n  x_v1:\n    <<: *a\n    m: 1\n"
    sides = (
        edited((B, B.replace("16", n_of_b) + x), ("n: 64", n_of_a))
        for n_of_a, n_of_b in (("n: 65", "17"), ("n: 64", "18"))
    )
    names, text = conflicts(*sides)
    assert names == ["fixtures.b_v1", "fixtures.x_v1"]
    assert between(x.replace("<<: *a", "n: 65"), x.replace("<<: *a", "n: 64")) in text


def test_comments_that_both_changed():
    """They are a conflict of their own, and entries are merged beside it."""
    x, y = (f"\n  {name}_v1:\n    n: 32\n" for name in "xy")
    old = "  # Variants, off by default.\n"
    sides = (
        edited((B, B + added), (old, new)) for added, new in ((x, "  # Off.\n"), (y, "  # On.\n"))
    )
    names, text = conflicts(*sides)
    assert names == ["the comments at the end of fixtures"]
    assert x + y in text, "the entries are not merged"


def test_comments_at_the_top_that_both_changed():
    """They are before the first section, and belong to none."""
    base = "# What is declared.\n\nfixtures:\n  a_v1: {n: 1}\n"
    one, other = (base.replace("declared", word) for word in ("built", "kept"))
    assert merged(one, base, base) == one
    assert conflicts(one, other, base)[0] == ["the comments at the top"]


def test_a_section_in_braces():
    """Its entries are of one line, which is merged as a whole or not at all."""
    base = "fixtures: {a_v1: {n: 1}}\n"
    one, other = (base.replace("}}", f"}}, {name}_v1: {{n: 2}}}}") for name in "xy")
    assert merged(one, base, base) == one
    assert conflicts(one, other, base) == (["fixtures"], between(one, other))


A = "  # The first.\n  a_v1: &a\n    n: 64\n    # of which some are dark\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        (
            edited(("\n" + B, ""), (A, "  c_v1: {}\n")),
            edited((B, B + "\n  x_v1:\n    <<: *a\n    n: 1\n")),
            "undefined alias",
        ),
        (
            edited((B, B + "\n  x_v1: &n {n: 1}\n")),
            edited((B, B + "\n  y_v1: &n {n: 2}\n")),
            "duplicate anchor",
        ),
    ],
    ids=["removed", "anchor"],
)
def test_parts_that_do_not_go_together(ours, theirs, found):
    """What comes of them is no declaration, and it is said why."""
    with pytest.raises(CheckError) as caught:
        merge(BASE.encode(), ours.encode(), theirs.encode())
    assert caught.value.subject == "params.yaml (merged)"
    assert found in caught.value.found, caught.value.found


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\xff", "invalid start byte"),
        (b"- a\n", "no sections"),
        (b"text\n", "no sections"),
        (b"a: [\n", "line"),
        (b"a: 1\na: 2\n", "duplicate key"),
        (b"? [a]\n: 1\n", "a key that is no text"),
        (BASE.encode() + b">>>>>>> theirs\n", "line"),
        (b"a: &a [" + b"1," * 40 + b"]\nb: &b [" + b"*a," * 40 + b"]\nc: &c [" + b"*b," * 40
         + b"]\nd: [" + b"*c," * 40 + b"]\n", "at most"),
        (b"a: " + b"[" * 5000, "brackets"),
        (b"a: 0x" + b"f" * 9000 + b"\n", "too large"),
    ],
    ids=["binary", "list", "text", "bracket", "twice", "key", "markers", "bomb", "deep", "number"],
)  # fmt: skip
@pytest.mark.parametrize("which", ["base", "ours", "theirs"])
def test_what_is_no_declaration(data, found, which):
    """Each side is named when it is none, with what is wrong with it and the way out."""
    sides = {**dict.fromkeys(("base", "ours", "theirs"), BASE.encode()), which: data}
    with pytest.raises(CheckError) as caught:
        merge(**sides)
    assert caught.value.subject == f"params.yaml ({which})", "not the side that is wrong"
    assert found in caught.value.found, caught.value.found
    assert "settle the conflict by hand" in caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "%YAML 1.2\n---\nfixtures:\n  a_v1: {n: 1}\n",
        "fixtures:\n  a_v1: {n: 1}\n...\n",
        "fixtures:\n  a_v1:\n    s: |+\n      # text\n\n",
        "fixtures:\n    a_v1: {\n  n: 1\n    }\n    b_v1: >-\n     x\n\n     y\n",
        "x: &x\n  a_v1: {n: 1}\nfixtures: *x\n",
        "x: &x\n  a_v1: {n: 1}\nfixtures:\n  <<: *x\n  b_v1: {n: 2}\n",
        "{fixtures: {a_v1: {n: 1}}}\n",
        "{\nfixtures: {\n  a_v1: {n: 1}}\n}\n",
        "? fixtures\n: a_v1: {n: 1}\n",
        "\ufefffixtures:\n  a_v1: {n: 1}\n",
        "fixtures:\n  a_v1: {n: 1}\u2028  # x\n  b_v1: {n: 1}\n",
        "fixtures:\r  a_v1: {n: 1}\r  b_v1: {n: 1}\r",
        "  fixtures:\n    a_v1: {n: 1}\n    b_v1: {n: 2}\n",
        '"fixtures": # x\n  &k "a_v1": {n: 1}\n  ? b_v1\n  : {n: 2}\n',
        "fixtures:\n# x\n  a_v1: {n: 1}\n\n\n# y\n\n  # z\ndeprecated:\n# e\n",
        "fixtures:\n  a_v1: {n: 1}\n  b_v1: {n: 2}   ",
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_by_lines", [True, False])
def test_other_ways_to_write(text, is_by_lines, monkeypatch):
    """Whatever way YAML has to write a declaration, what it says comes through or is a conflict."""
    if not is_by_lines:
        monkeypatch.setattr(git, "merge_file", lambda *_: None)
    said = yaml_text.parse(text)
    assert yaml_text.parse(merged(text, text, text)) == said
    changed = text.replace("n: 1", "n: 3")
    assert yaml_text.parse(merged(changed, text, text)) == yaml_text.parse(changed)
    assert yaml_text.parse(merged(text, changed, text)) == yaml_text.parse(changed)
    added = f"{text.rstrip(' ')}\n  x_v1: {{n: 1}}\n"
    try:
        expected = yaml_text.parse(added)
    except CheckError:
        return
    assert yaml_text.parse(merged(added, text, text)) == expected
    assert yaml_text.parse(merged(text, added, text)) == expected
