"""Tests of `fixtures add`. How text is put into params.yaml: tests/declare/test_edit.py."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from registry.build.scratch import Scratch
from registry.declare import params

CREATED = "2026-11-24T00:00:00+00:00"
CUT = ("--strategy", "evenly_spaced", "--n-subset", "32", "--created", CREATED)
FROM_TWIN = ("--from", "run1084_twin", *CUT)
ENTRY = {
    "generator": "subset_v1",
    "source": "run1084_twin",
    "strategy": "evenly_spaced",
    "n_subset": 32,
    "created": CREATED,
}
PASSED = "fixture new_v1: 1494836 bytes\n"


@pytest.fixture
def built(monkeypatch):
    """Builds that end well without taking any time; which entries were built."""
    found = []

    def build(self, kind, name, entry, **_):
        found.append((kind, name, dict(entry)))
        return PASSED

    monkeypatch.setattr(Scratch, "build", build)
    monkeypatch.setattr(Scratch, "content", lambda self, name: "0" * 64)
    return found


@pytest.fixture
def add(buildable, fixtures):
    """Run ``fixtures add new_v1`` with arguments."""
    return lambda *arguments: fixtures("add", "new_v1", *arguments)


@pytest.fixture
def declared(buildable):
    """The entries of params.yaml as they are now."""
    return lambda: params.load(buildable)


@pytest.fixture
def file(buildable, scan):
    """A sound scan as a file in the registry's private folder, and its SHA-256."""
    path = buildable / "private" / "My scan (2).npz"
    np.savez(path, **scan)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


# what is written


def test_a_fixture_of_a_declared_source(add, built, buildable):
    """Its lines are added, as people write them; it is said what was built and what comes next."""
    before = (buildable / "params.yaml").read_text()
    ended = add(*FROM_TWIN, "--diff3d")
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out == (
        "fixture new_v1: 1494836 bytes\n"
        "params.yaml: added fixtures.new_v1\n"
        "next: dvc repro fixture@new_v1\n"
    ), "not what happened"
    lines = f"""
  new_v1:
    generator: subset_v1
    source: run1084_twin
    strategy: evenly_spaced
    n_subset: 32
    diff3d: true
    created: "{CREATED}"
"""
    after = (buildable / "params.yaml").read_text()
    assert lines in after, "not these lines"
    assert after.replace(lines, "", 1) == before, "something else changed"


def test_it_is_built_as_it_is_declared(add, built, declared):
    """The source and the fixture are built from what params.yaml will say."""
    add(*FROM_TWIN)
    assert built == [
        ("source", "run1084_twin", declared().sources["run1084_twin"]),
        ("fixture", "new_v1", ENTRY),
    ]


def test_every_byte_around_it_stays(add, built, buildable):
    """Ends of lines, characters and a missing end of the last line are as they were."""
    path = buildable / "params.yaml"
    before = path.read_bytes().replace(b"\n", b"\r\n").replace(b"# ", "# \u00b5 ".encode())
    path.write_bytes(before.rstrip())
    assert add("--like", "minimal_dataset_v1", "--created", CREATED).code == 0
    lines = f'\r\n  new_v1:\r\n    <<: *minimal_dataset_v1\r\n    created: "{CREATED}"\r\n'
    assert path.read_bytes().replace(lines.encode(), b"", 1).rstrip() == before.rstrip()


def test_one_like_another(add, built, buildable, declared):
    """What is not given is the other's; its anchor is merged."""
    ended = add("--like", "minimal_dataset_v1", "--n-subset", "32", "--created", CREATED)
    assert ended.code == 0, ended.err
    assert declared().fixtures["new_v1"] == {**ENTRY, "diff3d": True}
    text = (buildable / "params.yaml").read_text()
    assert "    <<: *minimal_dataset_v1\n    n_subset: 32\n    created: " in text


def test_the_first_one(add, built, buildable):
    """Nothing is built yet, and there is no lock that could say what is pinned."""
    (buildable / "dvc.lock").rename(buildable / "dvc.yaml")
    ended = add(*FROM_TWIN)
    assert (ended.code, ended.err) == (0, "")


def test_the_generator_of_the_first_one(add, buildable):
    """There is no fixture that it could be taken from: it has to be named."""
    (buildable / "params.yaml").write_text("folder: data\nsources: {}\nfixtures: {}\n")
    ended = add("--from", "simulated", *CUT)
    assert ended.code == 2
    assert ended.err.startswith("error: --generator\n  expected: one of defect_v1, "), ended.err
    assert (
        "  found:    none, and no fixture that is declared already to take it from\n" in ended.err
    )


@pytest.mark.slow
def test_one_that_differs_in_nothing(add, declared):
    """It is said that its content exists, and by what name; to add it is no error."""
    ended = add("--like", "minimal_dataset_v1_n16")
    assert ended.code == 0
    assert ended.err == (
        "note: minimal_dataset_v1_n16 has the same content, to the bit: tests can take that, and "
        "no more bytes are stored\n"
    )
    assert "new_v1" in declared().fixtures


def test_one_like_another_without_an_anchor(add, built, buildable, declared):
    """It is written in full; the other one's own keys are taken, too."""
    assert add("--like", "minimal_dataset_v1_n16", "--created", CREATED).code == 0
    assert declared().fixtures["new_v1"] == {**ENTRY, "n_subset": 16, "diff3d": True}
    assert "  new_v1:\n    generator: subset_v1\n" in (buildable / "params.yaml").read_text()


def test_a_switch_that_is_off(add, built, declared):
    """What the other one has on can be off."""
    assert add("--like", "minimal_dataset_v1", "--no-diff3d").code == 0
    assert declared().fixtures["new_v1"]["diff3d"] is False


def test_data_that_cannot_tell(add, built, buildable, declared):
    """What is known of them beforehand is declared with them, and the help says how."""
    assert add(*FROM_TWIN, "--physics", "undecided").code == 0
    entry = {**ENTRY, "physics": "undecided"}
    assert declared().fixtures["new_v1"] == entry, "not declared"
    assert built[-1] == ("fixture", "new_v1", entry), "built otherwise"
    said = " ".join(add("--help", "--generator", "subset_v1").out.split())
    assert "--physics VALUE only for data that cannot tell whether their arrays belong" in said


def test_another_verdict_than_undecided(add, built):
    """The others are found, and nobody declares them."""
    ended = add(*FROM_TWIN, "--physics", "checked")
    assert ended.code != 0
    assert (
        "fixtures.new_v1.physics: expected only for data that cannot tell whether their arrays "
        'belong together: "undecided"; found "checked"'
    ) in ended.err, ended.err
    assert built == [], "it is built"


def test_keys_as_they_are_written_in_the_file(add, built, declared):
    """A flag may have the key's underscores."""
    assert add("--like", "minimal_dataset_v1", "--n_subset", "24").code == 0
    assert declared().fixtures["new_v1"]["n_subset"] == 24


def test_created_now(add, built, declared):
    """Where it is not given, the time of declaration is that of the command, in UTC."""
    before = datetime.now(UTC).replace(microsecond=0)
    assert add("--like", "minimal_dataset_v1").code == 0
    text = declared().fixtures["new_v1"]["created"]
    assert before <= datetime.fromisoformat(text) <= datetime.now(UTC), "not now"
    assert datetime.fromisoformat(text).utcoffset() == timedelta(0), "not in UTC"


# a file


def test_a_file(add, built, buildable, file, declared):
    """It becomes a source of its name, with its SHA-256, and a path that starts at the registry."""
    path, digest = file
    ended = add("--from", str(path), *CUT, "--licence", "not ours", "--noise", "measured")
    assert (ended.code, ended.err) == (0, "")
    assert "params.yaml: added sources.my_scan_2 and fixtures.new_v1\n" in ended.out
    assert declared().sources["my_scan_2"] == {
        "generator": "file_v1",
        "path": "private/My scan (2).npz",
        "sha256": digest,
        "noise": "measured",
        "licence": "not ours",
    }
    assert declared().fixtures["new_v1"] == {**ENTRY, "source": "my_scan_2"}
    assert built[0][:2] == ("source", "my_scan_2"), "it was not built"


def test_a_file_from_a_folder_of_the_registry(add, built, file, declared, monkeypatch):
    """A path is one from the working directory."""
    monkeypatch.chdir(file[0].parent)
    flags = ("--licence", "MIT", "--noise", "none", "--source-name", "mine")
    ended = add("--from", file[0].name, *CUT, *flags)
    assert ended.code == 0, ended.err
    assert declared().sources["mine"]["path"] == "private/My scan (2).npz"


@pytest.mark.parametrize("relative", [True, False], ids=["relative", "absolute"])
def test_a_file_elsewhere(add, built, file, buildable, declared, relative):
    """A file that is not in the registry keeps the kind of path that it was given with."""
    path = buildable.parent / "mine.npz"
    path.write_bytes(file[0].read_bytes())
    given = "../mine.npz" if relative else str(path)
    ended = add("--from", given, *CUT, "--licence", "MIT", "--noise", "none")
    assert ended.code == 0, ended.err
    assert declared().sources["mine"]["path"] == given


SCAN = (
    "--format", "npz", "--measurement", "amplitude", "--zero-frequency", "centre", "--object",
    "file", "--origin", "corner", "--x-sign", "1", "--y-sign", "-1", "--probeGuess", "probe[0,0]",
    "--noise", "measured", "--licence", "MIT",
)  # fmt: skip


def test_the_generator_that_has_the_keys(add, built, file, declared):
    """What is given tells which generator of sources is meant; values are of the schema's types."""
    ended = add("--from", str(file[0]), *CUT, *SCAN, "--swap-axes")
    assert ended.code == 0, ended.err
    found = declared().sources["my_scan_2"]
    assert (found["generator"], found["sha256"]) == ("scan_v2", file[1])
    assert (found["y_sign"], found["swap_axes"]) == (-1, True), "not numbers and switches"
    assert found["probeGuess"] == "probe[0,0]"


def test_a_url(add, built, declared):
    """It is declared with the digest that is given; nothing is fetched to find out."""
    url = "https://example.org/data/Scan%201.npz.bz2?download=1"
    ended = add("--from", url, *CUT, *SCAN, "--sha256", "a" * 64)
    assert ended.code == 0, ended.err
    found = declared().sources["scan_201"]
    assert (found["url"], found["sha256"]) == (url, "a" * 64)
    assert "path" not in found, "two places"


def test_a_file_by_its_blob_id(add, built, file, declared):
    """Where git's id is given, there is no second digest."""
    ended = add("--from", str(file[0]), *CUT, *SCAN, "--blob", "b" * 40)
    assert ended.code == 0, ended.err
    found = declared().sources["my_scan_2"]
    assert found["blob"] == "b" * 40
    assert "sha256" not in found, "two digests"


def test_keys_that_both_entries_have(add, built, file, declared):
    """`--source-seed` is the source's, `--fixture-seed` the fixture's."""
    flags = ("--source-generator", "simulate_v1", "--licence", "MIT", "--source-seed", "3",
             "--photons-per-frame", "1e6", "--fixture-seed", "4", "--strategy", "random",
             "--n-subset", "20")  # fmt: skip
    ended = add("--from", str(file[0]), *flags)
    assert ended.code == 0, ended.err
    source, fixture = declared().sources["my_scan_2"], declared().fixtures["new_v1"]
    assert (source["seed"], source["photons_per_frame"], fixture["seed"]) == (3, 1e6, 4)


def test_a_generator_that_was_added(add, built, buildable, declared):
    """A generator is two new files: its flags follow, and nothing else was told of it."""
    rules = json.loads((buildable / "generators/subset_v1.schema.json").read_bytes())
    rules["properties"]["blur"] = {"enum": ["none", "gauss"]}
    rules["properties"]["blur_px"] = {"type": "number", "exclusiveMinimum": 0}
    rules["allOf"].append(
        {
            "if": {"properties": {"blur": {"const": "gauss"}}, "required": ["blur"]},
            "then": {"required": ["blur_px"]},
        }
    )
    (buildable / "generators/blurred_v7.schema.json").write_text(json.dumps(rules))
    (buildable / "generators/blurred_v7.py").touch()
    flags = (*FROM_TWIN, "--generator", "blurred_v7", "--blur", "gauss")
    ended = add(*flags)
    assert ended.code == 1, "a key that another one asks for may be left out"
    assert "fixtures.new_v1.blur_px: expected a value; found none" in ended.err
    ended = add(*flags, "--blur-px", "1.5")
    assert ended.code == 0, ended.err
    found = declared().fixtures["new_v1"]
    assert found == {**ENTRY, "generator": "blurred_v7", "blur": "gauss", "blur_px": 1.5}
    ended = add("--help", "--generator", "blurred_v7")
    assert "--blur-px VALUE" in ended.out, "the help does not have it"
    assert "number, more than 0\n" in ended.out, "nor what it may be"


def test_help_has_the_keys_of_a_generator_that_is_named(add):
    """Of dozens of keys those that count; else how to see them, on one screen."""
    plain = add("--help").out
    assert len(plain.splitlines()) <= 40
    assert "--help --generator NAME shows those of defect_v1," in plain
    assert "--n-subset" not in plain
    for words in (("--generator", "subset_v2", "--help"), ("--help", "--generator=subset_v2")):
        cut = add(*words).out
        assert "--n-subset VALUE" in cut
        assert "--photons-per-frame" not in cut, "a source's"
        assert "--defect VALUE" not in cut, "another generator's"
        assert len(cut.splitlines()) <= 50
    source = add("--help", "--source-generator", "simulate_v1").out
    assert "--photons-per-frame VALUE" in source
    # of a key that both have, its own flag
    assert "--source-seed VALUE" in source
    assert "--fixture-seed" not in source


def test_a_key_that_another_generator_does_not_have(add, built, declared):
    """Derived with another generator, a fixture leaves out what that one does not know."""
    ended = add("--like", "minimal_dataset_v1_supervised", "--generator", "legacy_v1")
    assert ended.code == 0, ended.err
    assert ended.err == "note: legacy_v1 has no key Y, which minimal_dataset_v1_supervised has\n"
    found = declared().fixtures["new_v1"]
    assert found["generator"] == "legacy_v1"
    assert "Y" not in found, "it is there all the same"


# what is refused


REFUSED = [
    ("exists", ("minimal_dataset_v1", *FROM_TWIN), 2,
     "fixture minimal_dataset_v1\n"
     "  expected: a name that is not declared: a published version never changes\n"
     "  found:    one under fixtures: in params.yaml\n"
     "  to mend:  the next free version is minimal_dataset_v2\n"),
    ("name", ("$(id)", *FROM_TWIN), 1, 'fixtures: expected a name of lower-case letters'),
    ("no-version", ("mine", *FROM_TWIN), 1, "with its version, such as minimal_dataset_v1"),
    ("strategy", ("new_v1", *FROM_TWIN, "--strategy", "evenly"), 1,
     "fixture new_v1: 1 problem\n"
     "  expected: entries that satisfy params.schema.json and their generators' schemas\n"
     "  found:    fixtures.new_v1.strategy: expected one of \"evenly_spaced\", \"first\", "
     "\"grid\", \"random\"; found \"evenly\"\n"
     "  to mend:  change the data, or the flags (the key n_subset is --n-subset), and run the "
     "command again; params.yaml is as it was\n"),
    ("too-many", ("new_v1", *FROM_TWIN, "--n-subset", "129"), 1,
     "fixtures.new_v1.n_subset: expected at most 128; found 129"),
    ("no-number", ("new_v1", *FROM_TWIN, "--n-subset", "many"), 1,
     'fixtures.new_v1.n_subset: expected integer; found "many"'),
    ("date", ("new_v1", *FROM_TWIN, "--created", "yesterday"), 1,
     'fixtures.new_v1.created: expected an ISO 8601 instant in quotes'),
    ("no-size", ("new_v1", "--from", "run1084_twin", "--strategy", "grid"), 1,
     "fixtures.new_v1.n_subset: expected a value; found none"),
    ("no-source", ("new_v1", *CUT), 2, "expected: --from SOURCE, or --like FIXTURE\n"),
    ("unknown-source", ("new_v1", "--from", "nope", *CUT), 2,
     "source nope\n"
     "  expected: a declared source (run1084_twin) or a file\n"
     "  found:    no file there, and no source of that name\n"),
    ("folder", ("new_v1", "--from", "private", *CUT), 2, "found:    a folder\n"),
    ("unknown-like", ("new_v1", "--like", "nope_v1"), 2,
     "--like nope_v1\n  expected: one of minimal_dataset_v1, minimal_dataset_v1_n16"),
    ("generator", ("new_v1", *FROM_TWIN, "--generator", "subset_v9"), 2,
     "--generator subset_v9\n  expected: one of defect_v1"),
    ("no-key", ("new_v1", *FROM_TWIN, "--noise", "none"), 2,
     "--noise\n"
     "  expected: a key of subset_v1: created, strategy, n_subset, seed, physics, diff3d, Y\n"
     "  found:    noise\n"),
    ("declared", ("new_v1", *FROM_TWIN, "--source-seed", "1"), 2,
     "--source-seed\n  expected: no key of a source that is declared already\n"),
    ("declared-name", ("new_v1", *FROM_TWIN, "--source-name", "a"), 2, "--source-name\n"),
    ("both", ("new_v1", "--from", "FILE", *CUT, "--source-generator", "simulate_v1",
              "--seed", "1", "--licence", "MIT"), 2,
     "--seed\n"
     "  expected: a flag that says whose key it is\n"
     "  found:    subset_v1 and simulate_v1 both have a key seed\n"
     "  to mend:  --fixture-seed for the fixture, --source-seed for the source\n"),
    ("licence", ("new_v1", "--from", "FILE", *CUT, "--noise", "none"), 1,
     "sources.my_scan_2.licence: expected a value; found none"),
    ("same-name", ("new_v1", "--from", "FILE", "--source-name", "run1084_twin", *CUT), 2,
     "source run1084_twin\n  expected: a name that is not declared\n"),
    ("source-generator", ("new_v1", "--from", "FILE", "--source-generator", "nope", *CUT), 2,
     "--source-generator nope\n  expected: one of file_v1"),
    ("digest", ("new_v1", "--from", "FILE", *CUT, "--noise", "none", "--licence", "MIT",
                "--sha256", "0" * 64), 1, f"with SHA-256 {'0' * 64}\n"),
    ("url-digest", ("new_v1", "--from", "https://example.org/a.npz", *CUT, "--licence", "MIT",
                    "--format", "npz"), 1, "sha256 or blob"),
    ("format", ("new_v1", "--from", "FILE.bz2", *CUT, "--licence", "MIT", "--noise", "none"), 1,
     "sources.my_scan_2.format: expected a value; found none"),
    ("two-generators", ("new_v1", "--from", "FILE", *CUT, "--licence", "MIT", "--layout",
                        "legacy", "--jitter-px", "2"), 2, "none has jitter_px"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [item[1:] for item in REFUSED],
    ids=[item[0] for item in REFUSED],
)
def test_a_mistake(fixtures, buildable, built, file, arguments, code, message):
    """Each gives its message and exit code, and params.yaml stays as it was, to the byte."""
    before = (buildable / "params.yaml").read_bytes()
    packed = file[0].with_name(f"{file[0].name}.bz2")
    packed.write_bytes(b"")
    paths = {"FILE": str(file[0]), "FILE.bz2": str(packed)}
    ended = fixtures("add", *(paths.get(item, item) for item in arguments))
    assert ended.code == code, ended.err
    assert ended.out == "", "something was done all the same"
    assert message in ended.err, f"the message reads:\n{ended.err}"
    assert "  to mend:  " in ended.err, "no remedy"
    assert (buildable / "params.yaml").read_bytes() == before, "params.yaml was touched"
    assert built == [], "something was built"


def test_a_declaration_that_was_broken_before(add, built, buildable):
    """Its own problem is told, as `check-params` tells it, not that of the new entry."""
    path = buildable / "params.yaml"
    path.write_text(path.read_text().replace("n_subset: 128", "n_subset: 1280"))
    ended = add(*FROM_TWIN)
    assert ended.code == 1
    assert ended.err.startswith("error: params.yaml: 1 problem\n"), ended.err
    assert "fixtures.minimal_dataset_v1_n128.n_subset" in ended.err


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (b"fixtures:", b"fixtures:\n  twice_v1: {}\n  twice_v1: {}", b"duplicate key"),
        (b"    seed:", b"\tseed:", b"cannot start any token"),
        (b"# ", b"# \xff", b"can't decode byte 0xff"),
    ],
    ids=["duplicate", "tab", "not-utf-8"],
)
def test_not_a_declaration(add, built, buildable, old, new, found):
    """A file that DVC could not read is refused as such, and stays as it is."""
    path = buildable / "params.yaml"
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    before = path.read_bytes()
    ended = add(*FROM_TWIN)
    assert ended.code == 1
    assert found.decode() in ended.err, ended.err
    assert path.read_bytes() == before, "params.yaml was touched"


def test_somebody_edits_the_file_meanwhile(add, buildable, monkeypatch):
    """What they wrote while the fixture was built is not overwritten."""
    path = buildable / "params.yaml"

    def build(self, kind, name, entry, **_):
        path.write_text("# theirs\n")
        return PASSED

    monkeypatch.setattr(Scratch, "build", build)
    monkeypatch.setattr(Scratch, "content", lambda self, name: "0" * 64)
    ended = add(*FROM_TWIN)
    assert ended.code == 1
    assert "somebody edited the file meanwhile" in ended.err, ended.err
    assert path.read_text() == "# theirs\n", "their text is gone"


def test_outside_a_registry(tmp_path, monkeypatch, capsys):
    """The error is that there is no registry, not that the flags are unknown."""
    from registry.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FIXTURES_REGISTRY", raising=False)
    assert main(["add", "new_v1", *FROM_TWIN]) == 2
    assert "expected: a folder with a dvc.lock" in capsys.readouterr().err


# for real


def test_a_source_that_fails_the_criteria(add, buildable, scan):
    """Frames that belong elsewhere are refused with the criteria's messages; nothing is written."""
    path = buildable / "private" / "moved.npz"
    np.savez(path, **{**scan, "diffraction": np.roll(scan["diffraction"], 3, axis=0)})
    before = (buildable / "params.yaml").read_bytes()
    ended = add("--from", str(path), *CUT, "--licence", "MIT", "--noise", "measured")
    assert (ended.code, ended.out) == (1, ""), "it passed"
    assert ended.err.startswith("error: fixture new_v1: "), ended.err
    assert "criteria not met\n  expected: every criterion of the field ptychography\n" in ended.err
    assert "found:    own-match: expected " in ended.err
    assert ended.err.endswith(
        "  to mend:  change the data, or the flags (the key n_subset is --n-subset), and run the "
        "command again; params.yaml is as it was\n"
    ), ended.err
    assert (buildable / "params.yaml").read_bytes() == before, "params.yaml was touched"
    assert not list(buildable.glob("**/new_v1*")), "something was built in the registry"


def test_a_file_that_is_no_scan(add, buildable):
    """The reader's message is passed on, with what to do about the file."""
    path = buildable / "private" / "text.npz"
    path.write_bytes(b"not a ZIP")
    before = (buildable / "params.yaml").read_bytes()
    ended = add("--from", str(path), *CUT, "--licence", "MIT", "--noise", "none")
    assert (ended.code, ended.out) == (1, ""), "it passed"
    assert ended.err.startswith("error: source text\n"), ended.err
    assert "a ZIP" in ended.err, "not what is wrong with the file"
    remedy = "fetch the file again, or write it anew with numpy.savez from arrays of plain numbers"
    assert f"to mend:  {remedy}; params.yaml is as it was\n" in ended.err
    assert (buildable / "params.yaml").read_bytes() == before, "params.yaml was touched"


# --build


@pytest.fixture
def repro(monkeypatch, built):
    """Stand-in for DVC, which ends with a code; how it was called."""
    calls = []

    def run(code):
        def started(command, **options):
            calls.append((command, options))
            return subprocess.CompletedProcess(command, code)

        monkeypatch.setattr(subprocess, "run", started)
        return calls

    return run


def test_build(add, repro, buildable):
    """DVC builds that fixture alone, in the registry, with this Python first on the path."""
    calls = repro(0)
    ended = add(*FROM_TWIN, "--build")
    assert (ended.code, ended.err) == (0, "")
    ((command, options),) = calls
    assert command == [sys.executable, "-P", "-m", "dvc", "repro", "fixture@new_v1"]
    assert options["cwd"] == buildable
    assert options["env"]["PATH"].startswith(str(Path(sys.executable).parent)), "another Python"
    assert ended.out.endswith(
        "next: commit params.yaml, dvc.lock and the new sidecar; dvc push stores the bytes\n"
    )


def test_a_build_that_fails(add, repro, declared):
    """It is exit code 1, and said that the entry is there all the same."""
    repro(255)
    ended = add(*FROM_TWIN, "--build")
    assert ended.code == 1
    assert "found:    exit code 255; what it printed is above\n" in ended.err
    assert "to mend:  mend that, then dvc repro fixture@new_v1; the entry is in params.yaml\n" in (
        ended.err
    )
    assert "new_v1" in declared().fixtures, "the entry is not there"
