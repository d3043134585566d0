"""Tests of `registry.verify`: every link by itself, and what stays to be tested after a break."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry import digests, loading
from registry.identity import certificate, ledger, npz, pins
from registry.verify import unpinned, verify
from tests.kit.certificates import witness, write
from tests.kit.processes import git
from tests.kit.registries import repin, rewrite
from tests.kit.repository import FOLDER, excerpt

NAME = "minimal_dataset_v1_n16"
DATA, SIDECAR = f"{FOLDER}/{NAME}.npz", f"{FOLDER}/{NAME}.json"
LINKS = [
    "lock -> sidecar",
    "params.yaml -> lock",
    "name -> version",
    "lock -> sidecar size",
    "schemas -> sidecar",
    "generator -> sidecar",
    "source generator -> sidecar",
    "sidecar -> bytes",
    "lock -> bytes",
    "bytes -> arrays",
]


def report(root: Path):
    """The report of the fixture that tests break."""
    (found,) = verify(root, [pins.find(root, NAME)])
    return found


def broken(root: Path) -> dict[str, str]:
    """Links that do not hold, with their errors."""
    return {link.name: link.detail for link in report(root).links if not link.holds}


def replace_arrays(root: Path, change, encode=npz.encode, **record) -> None:
    """Change the arrays, and make every hash of the file match them: what a forger would do."""
    arrays = {
        name: array.copy()
        for name, array in npz.parse((root / DATA).read_bytes(), subject=NAME).items()
    }
    change(arrays)
    data = encode(arrays)
    (root / DATA).write_bytes(data)
    digest, size = hashlib.sha256(data).hexdigest(), len(data)
    rewrite(
        root, NAME, lambda document: document.update(sha256_checksum=digest, size=size, **record)
    )


def test_a_good_fixture(root):
    """Every link of a good fixture is tested, in order, and holds."""
    found = report(root)
    assert [link.name for link in found.links] == LINKS, "not every link, or not in order"
    assert [link.name for link in found.announced] == LINKS, "others were announced"
    assert found.holds, "a link does not hold"
    assert found.exit_code == 0, "a good fixture is a failure"


def test_several_fixtures_keep_their_order(root):
    """Reports come in the order in which fixtures were asked for."""
    known = pins.read(root)
    names = [NAME, "minimal_dataset_v1"]
    found = verify(root, [known[name] for name in names])
    assert [item.name for item in found] == names, "the order changed"


def test_one_broken_fixture_does_not_hide_another(root):
    """The other fixtures are tested all the same."""
    (root / DATA).unlink()
    assert [item.holds for item in verify(root, list(pins.read(root).values()))] == [True, False]


def test_missing_bytes(root):
    """Bytes that are not here are exit code 3, and the links before are tested."""
    (root / DATA).unlink()
    found = report(root)
    assert [link.name for link in found.links] == LINKS[:8], "not every link that can be tested"
    assert [link.holds for link in found.links] == [True] * 7 + [False]
    assert found.exit_code == 3, "missing bytes are not a failed check"
    assert f"to mend:  fixtures pull {NAME}, or dvc repro fixture@{NAME}" in found.links[-1].detail


def test_a_changed_sidecar_ends_the_chain(root):
    """Nothing that a sidecar says is believed once the lock disowns it."""
    (root / SIDECAR).write_text((root / SIDECAR).read_text().replace("CC0-1.0", "MIT"))
    found = report(root)
    assert [link.name for link in found.links] == LINKS[:1], "links were tested with a bad sidecar"
    assert found.exit_code == 1, "a changed sidecar is a failed check"


def test_a_flipped_bit(root):
    """One bit of the file breaks the link from the sidecar, and the arrays are not looked at."""
    data = bytearray((root / DATA).read_bytes())
    data[500_000] ^= 1
    (root / DATA).write_bytes(data)
    assert list(broken(root)) == ["sidecar -> bytes"], "another link is blamed"


def test_a_changed_schema(root):
    """A schema that changed after the fixture was built is named, whichever it is."""
    for file in ("data_001_v1", "sidecar_v3", "ptychography_v1"):
        path = root / f"schemas/{file}.schema.json"
        before = path.read_text()
        path.write_text(before + "\n")
        found = broken(root)
        assert list(found) == ["schemas -> sidecar"], f"{file}: another link is blamed"
        remedy = (
            f"git checkout -- schemas/{file}.schema.json; a changed contract is a new schema file"
        )
        assert remedy in found["schemas -> sidecar"], f"{file}: not the way back"
        path.write_text(before)
    assert broken(root) == {}, "what was taken back is still blamed"


def test_a_missing_schema(root):
    """A schema that is not there is exit code 3."""
    (root / "schemas/data_001_v1.schema.json").unlink()
    assert list(broken(root)) == ["schemas -> sidecar"], "another link is blamed"
    assert report(root).exit_code == 3, "a missing file is not a failed check"


def test_a_sidecar_that_breaks_its_schema(root):
    """A pinned sidecar is held against the schema that it names; the message has the path."""
    rewrite(root, NAME, lambda document: document["checks"].update(coverage_x=0.06))
    found = broken(root)
    assert list(found) == ["schemas -> sidecar"], "another link is blamed"
    assert "checks.coverage_x: expected more than 0.5; found 0.06" in found["schemas -> sidecar"]


@pytest.mark.parametrize("left_out", ["sidecar_v3", "data_001_v1"])
def test_a_schema_that_the_sidecar_does_not_name(root, left_out):
    """A sidecar cannot escape its schema, or its arrays their contract, by not naming it."""

    def change(document: dict) -> None:
        del document["schemas"][f"{left_out}.schema.json"]
        document["arrays"]["probeGuess"]["shape"] = [3, 64, 64]
        document["size"] = 970036

    rewrite(root, NAME, change)
    found = broken(root)
    assert list(found) == ["schemas -> sidecar"], "another link is blamed"
    expected = f"expected: a sidecar that names {left_out}.schema.json among its schemas"
    assert expected in found["schemas -> sidecar"], "the schema is not named"


def with_contract(root: Path, contract: str, **fields):
    """A change that makes a sidecar name another contract."""

    def change(document: dict) -> None:
        document.update(contract=contract, **fields)
        del document["schemas"]["data_001_v1.schema.json"]
        digest = hashlib.sha256((root / "schemas" / contract).read_bytes()).hexdigest()
        document["schemas"][contract] = digest

    return change


def test_another_contract(root):
    """The arrays are held against the contract that the sidecar names."""
    rewrite(root, NAME, with_contract(root, "data_001_v2.schema.json"))
    assert broken(root) == {}, "arrays that satisfy both are refused"
    rewrite(root, NAME, lambda document: document["arrays"]["probeGuess"].update(shape=[3, 64]))
    found = broken(root)["schemas -> sidecar"]
    assert "arrays that satisfy schemas/data_001_v2.schema.json" in found, "not the contract"
    assert "probeGuess.shape" in found, "the array is not named"


DEFECT = {"name": "nan", "description": "a pixel", "refused_by": ["physics"]}


def test_arrays_with_a_defect(root):
    """What was planted on purpose may break the contract; the chain holds all the same."""

    def change(document: dict) -> None:
        document["arrays"]["diffraction"]["finite"] = False

    rewrite(root, NAME, change)
    assert list(broken(root)) == ["schemas -> sidecar"], "the contract was not asked"
    rewrite(root, NAME, lambda document: document.update(defect=DEFECT))
    assert broken(root) == {}, "a planted defect breaks the chain"


def test_a_date_that_the_calendar_has_not(root):
    """A day that never was is refused, although its digits have the right form."""
    rewrite(root, NAME, lambda document: document.update(created="2026-02-30T00:00:00+00:00"))
    found = broken(root)
    assert list(found) == ["params.yaml -> lock", "schemas -> sidecar"], "another link is blamed"
    assert (
        "created: expected an ISO 8601 instant that the calendar has" in found["schemas -> sidecar"]
    ), "not why"


def test_physics_that_the_sidecar_says_was_checked(root):
    """A figure of the physics cannot be missing where the sidecar says that it was measured."""
    rewrite(root, NAME, lambda document: document["checks"].update(r_factor=None))
    found = broken(root)["schemas -> sidecar"]
    assert "a sidecar that satisfies schemas/ptychography_v1.schema.json" in found, "not the schema"
    assert "checks.r_factor: expected a number, because the physics was checked" in found


def test_a_changed_generator(root):
    """Generators are frozen byte for byte: a fixture's own, its source's, and what both import."""
    own, source = "generator -> sidecar", "source generator -> sidecar"
    for script, broken_links in (
        ("generators/subset_v1.py", [own]),
        ("generators/simulate_v1.py", [source]),
        ("generators/exact_v1.py", [own, source]),
    ):
        path = root / script
        before = path.read_bytes()
        path.write_bytes(before + b"# one more line\n")
        found = broken(root)
        assert list(found) == broken_links, f"{script}: another link is blamed"
        remedy = f"git checkout -- {script}; a fix is a new generator version"
        for link in broken_links:
            assert f"broken link {link}\n" in found[link], f"{script}: not in the error"
            assert remedy in found[link], f"{script}: not the way back"
        path.write_bytes(before)


def test_a_generator_that_no_fixture_is_made_by(root):
    """What did not make a fixture does not matter to it."""
    for script in ("generators/legacy_v1.py", "generators/subset_v1.schema.json"):
        (root / script).write_text("{}")
    assert broken(root) == {}, "a generator of others is blamed"


def test_a_missing_generator(root):
    """A generator that is not there is named, a source's too."""
    for script, link in (
        ("generators/subset_v1.py", "generator -> sidecar"),
        ("generators/simulate_v1.py", "source generator -> sidecar"),
    ):
        (root / script).unlink()
        assert "found:    no such file" in broken(root)[link], script


def test_a_generator_checked_out_with_windows_newlines(root):
    """Git hashes text with LF endings, whatever the checkout has."""
    path = root / "generators/subset_v1.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert broken(root) == {}, "newlines of the checkout count as a change"


def test_the_md5_by_which_dvc_pulls(root):
    """Bytes that the sidecar knows and DVC's pin does not are a broken lock."""
    pin = pins.find(root, NAME)
    lock = root / "dvc.lock"
    lock.write_text(lock.read_text().replace(pin.md5, "0" * 32))
    assert list(broken(root)) == ["lock -> bytes"], "another link is blamed"


def test_another_container(root):
    """The same arrays in a .npz of numpy's are not the canonical file."""

    def numpys(arrays) -> bytes:
        import io

        file = io.BytesIO()
        np.savez(file, **arrays)
        return file.getvalue()

    replace_arrays(root, lambda arrays: None, numpys)
    assert list(broken(root)) == ["bytes -> arrays"], "another link is blamed"


def test_a_container_with_another_checksum(root):
    """The CRCs inside the file, which no reader of ours needs, have to be right as well."""

    def with_a_wrong_crc(arrays) -> bytes:
        data = bytearray(npz.encode(arrays))
        for signature, field in ((b"PK\3\4", 14), (b"PK\1\2", 16)):
            data[data.index(signature) + field] ^= 1
        return bytes(data)

    replace_arrays(root, lambda arrays: None, with_a_wrong_crc)
    assert "found:    another container" in broken(root)["bytes -> arrays"]


def test_arrays_are_held_against_their_digests(root):
    """An array that changed is named, even where the file's own hashes were made to match."""
    replace_arrays(root, lambda arrays: arrays["xcoords"].__setitem__(0, 1.0))
    found = broken(root)
    assert list(found) == ["bytes -> arrays"], "another link is blamed"
    assert "found:    a difference in xcoords" in found["bytes -> arrays"], "not the array's name"


def test_an_array_that_the_sidecar_does_not_list(root):
    """No array comes along unannounced."""
    replace_arrays(root, lambda arrays: arrays.update(extra=np.zeros(1)))
    assert "found:    a difference in extra" in broken(root)["bytes -> arrays"]


def test_the_content_digest(root):
    """The digest over all arrays is tested by itself."""
    rewrite(root, NAME, lambda document: document.update(content_sha256="0" * 64))
    assert f"expected: content SHA-256 {'0' * 64}" in broken(root)["bytes -> arrays"]


def test_the_version(root):
    """The sidecar's version is the one in the fixture's name."""
    rewrite(root, NAME, lambda document: document.update(version="v2"))
    found = broken(root)
    assert list(found) == ["name -> version"], "another link is blamed"
    assert "expected: version v1" in found["name -> version"], "not the version of the name"
    assert "found:    v2" in found["name -> version"], "not the version of the sidecar"


def test_the_size(root):
    """Lock and sidecar name the same size; whichever is wrong, the link between them breaks."""
    rewrite(root, NAME, lambda document: document.update(size=970_037))
    found = broken(root)
    assert list(found) == ["lock -> sidecar size"], "another link is blamed"
    for line in (
        f"expected: size 970036, as dvc.lock pins {DATA}",
        f"found:    size 970037 in {SIDECAR}",
        f"to mend:  git checkout -- dvc.lock {SIDECAR}",
    ):
        assert line in found["lock -> sidecar size"], "not in the error"


def test_the_size_in_the_lock(root):
    """A lock that claims another size disagrees with the sidecar, and with the file."""
    lock = root / "dvc.lock"
    lock.write_text(lock.read_text().replace("size: 970036\n", "size: 970037\n"))
    found = broken(root)
    assert list(found) == ["lock -> sidecar size", "sidecar -> bytes"], "another link is blamed"
    assert "broken link lock -> size\n" in found["sidecar -> bytes"], "not the size of the file"


def test_a_key_that_is_there_twice(root):
    """A sidecar of which nobody can say what it says ends the chain, pinned or not."""
    text = (root / SIDECAR).read_text()
    (root / SIDECAR).write_text(text.replace("{\n", '{\n  "licence": "MIT",\n', 1))
    repin(root, NAME)
    found = report(root)
    assert [(link.name, link.holds) for link in found.links] == [("lock -> sidecar", False)]
    assert "the key licence twice" in found.links[0].detail, "not what is wrong"
    assert found.exit_code == 1, "not a failed check"


def test_a_sidecar_of_another_fixture(root):
    """A sidecar under another fixture's name ends the chain, although the lock pins it."""
    other = f"{FOLDER}/minimal_dataset_v1.json"
    (root / SIDECAR).write_bytes((root / other).read_bytes())
    repin(root, NAME)
    found = report(root)
    assert [link.holds for link in found.links] == [False], "links were tested with it"
    assert "broken link sidecar -> name\n" in found.links[0].detail, "not what is wrong"


def test_an_imported_fixture(root):
    """Its schemas and generators stay where it was made: they are not asked for here."""
    pin = replace(pins.find(root, NAME), imported=True)
    for script in ("generators/subset_v1.py", "schemas/sidecar_v3.schema.json"):
        (root / script).unlink()
    (found,) = verify(root, [pin])
    assert (
        [link.name for link in found.links]
        == [link.name for link in found.announced]
        == [LINKS[0], *LINKS[2:4], *LINKS[7:]]
    ), "not the links that can be tested"
    assert found.holds, "a link does not hold"


def test_verifying_changes_nothing(root):
    """Bad files stay as they are, even where the cache has good bytes: verification never heals."""
    pin = pins.find(root, NAME)
    cached = root / ".dvc/cache/files/md5" / pin.md5[:2] / pin.md5[2:]
    cached.parent.mkdir(parents=True)
    cached.write_bytes((root / DATA).read_bytes())
    (root / DATA).write_bytes(b"x" * pin.size)
    before = {path: digests.sha256_file(path) for path in root.rglob("*") if path.is_file()}
    found = verify(root, list(pins.read(root).values()))
    assert [report.holds for report in found] == [True, False], "the bad file was not noticed"
    after = {path: digests.sha256_file(path) for path in root.rglob("*") if path.is_file()}
    assert after == before, "a file changed"


@pytest.mark.parametrize(
    ("absent", "wrong", "verdict"),
    [
        ([], [], "ok"),
        ([DATA], [], "MISSING"),
        ([], [DATA], "BROKEN"),
        ([DATA], ["generators/subset_v1.py"], "BROKEN"),
    ],
)
def test_the_word_for_what_was_found(root, absent, wrong, verdict):
    """What is absent is no fault by itself, and hides none beside it."""
    for file in absent:
        (root / file).unlink()
    for file in wrong:
        (root / file).write_bytes(b"x" * (root / file).stat().st_size)
    found = report(root)
    assert found.verdict == verdict
    untested = [link.name for link in found.links if link.missing]
    assert untested == (["sidecar -> bytes"] if absent else [])


def test_a_schema_that_leads_out_of_the_folder(root):
    """A name in a sidecar that is no name of a schema never becomes a path."""
    for name in ("../params.yaml", "schema.json", "a/b.schema.json"):
        only = {name: "0" * 64}
        rewrite(root, NAME, lambda document, only=only: document.update(schemas=only))
        found = broken(root)
        assert list(found) == ["schemas -> sidecar"], "another link is blamed"
        assert f"  found:    {name!r}\n" in found["schemas -> sidecar"]


def test_a_sidecar_without_schemas(root):
    """Then all that it needs are named, and that there is none."""
    rewrite(root, NAME, lambda document: document.update(schemas={}))
    assert (
        "  expected: a sidecar that names data_001_v1.schema.json, sidecar_v3.schema.json among "
        "its schemas\n  found:    none\n"
    ) in broken(root)["schemas -> sidecar"]


@pytest.mark.parametrize("imported", [False, True])
def test_who_mends_what_the_registry_has_wrong(root, imported):
    """Of an import it is whoever keeps the registry that it comes from."""
    replace_arrays(root, lambda arrays: arrays.pop("diff3d"))
    pin = replace(pins.find(root, NAME), md5="0" * 32, imported=imported)
    (found,) = verify(root, [pin])
    wrong = {link.name: link.detail.split("  to mend:  ")[1] for link in found.links[-2:]}
    assert list(wrong) == ["lock -> bytes", "bytes -> arrays"]
    if imported:
        assert wrong == {"lock -> bytes": pin.restore, "bytes -> arrays": loading.REPORT}
    else:
        assert wrong["lock -> bytes"] == "git checkout -- dvc.lock, or dvc repro"
        assert wrong["bytes -> arrays"].startswith(f"dvc repro --force fixture@{NAME}, and ")


# The declaration and the ledger

DECLARED, PUBLISHED = "params.yaml -> lock", "published.sum -> sidecar"
OTHER = "minimal_dataset_v1"


def publish(root: Path, *names: str) -> None:
    """Write the ledger of these versions, as they are."""
    lines = (ledger.line(loading.read_sidecar(root, pins.find(root, name))) for name in names)
    (root / ledger.FILE).write_text("".join(f"{line}\n" for line in lines))


def nowhere(root: Path) -> list[tuple[str, str, str]]:
    """Of what is pinned nowhere: name, verdict, and the link that does not hold."""
    return [(each.name, each.verdict, each.links[0].name) for each in unpinned(root)]


def test_what_was_never_built(root):
    """What is declared and has no pin is missing; how to build it is said."""
    excerpt(root, [NAME, OTHER])
    assert nowhere(root) == []
    with (root / "params.yaml").open("a") as params:
        params.write("retired: {old_v1: {reason: x, since: '2026-11-27'}}\n")
    text = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(text.replace(f"  {NAME}:", "  new_v1:"))
    assert nowhere(root) == [("new_v1", "MISSING", DECLARED)]
    ((link,),) = (each.links for each in unpinned(root))
    assert (link.holds, link.missing) == (False, True)
    assert link.detail == (
        "fixture new_v1: broken link params.yaml -> lock\n"
        "  expected: a stage in dvc.lock for what params.yaml declares\n"
        "  found:    none: it was never built\n"
        "  to mend:  dvc repro fixture@new_v1"
    )


def test_what_is_pinned_and_not_declared(root):
    """An entry that is gone leaves its pin behind; where the version was retired, it is said."""
    excerpt(root, [NAME, OTHER])
    text = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(text.replace(f"  {NAME}:", "  new_v1:"))
    (name,) = errors = broken(root)
    assert name == DECLARED, "another link is blamed"
    assert "  found:    none\n" in errors[DECLARED]
    with (root / "params.yaml").open("a") as params:
        params.write(f"retired: {{{NAME}: {{reason: x, since: '2026-11-27'}}}}\n")
    assert "  found:    it is retired there\n" in broken(root)[DECLARED]


def test_what_is_declared_otherwise(root):
    """What was built and what is declared are both told."""
    text = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(text.replace("n_subset: 16", "n_subset: 17"))
    (name,) = errors = broken(root)
    assert name == DECLARED, "another link is blamed"
    assert "  found:    n_subset: 16 -> 17\n" in errors[DECLARED]


def test_a_registry_without_a_declaration(root):
    """Nothing is declared there, so nothing can differ from it, or be built."""
    (root / "params.yaml").unlink()
    found = report(root)
    names = [link.name for link in found.links]
    assert names == [link.name for link in found.announced] == [LINKS[0], *LINKS[2:]]
    assert found.holds
    assert nowhere(root) == []


def test_a_published_version(root):
    """It is held against its line in the ledger, and another one has to have a line as well."""
    publish(root, NAME)
    found = report(root)
    names = [link.name for link in found.links]
    assert names == [link.name for link in found.announced] == [*LINKS[:4], PUBLISHED, *LINKS[4:]]
    assert found.holds
    (other,) = verify(root, [pins.find(root, OTHER)])
    (link,) = (link for link in other.links if not link.holds)
    assert link.name == PUBLISHED
    assert "  found:    none\n" in link.detail
    rewrite(root, NAME, lambda document: document.update(content_sha256="0" * 64))
    assert "  found:    content 9dd27b59caec -> 000000000000\n" in broken(root)[PUBLISHED]
    imported = replace(pins.find(root, NAME), imported=True)
    (found,) = verify(root, [imported])
    names = [link.name for link in found.links]
    assert PUBLISHED not in names, "the ledger of another registry was asked"
    assert names == [link.name for link in found.announced]


def test_a_published_version_that_vanished(root):
    """Its name comes back as nothing else: it is pinned, or retired."""
    excerpt(root, [NAME, OTHER])
    publish(root, NAME, OTHER)
    assert nowhere(root) == []
    write(root, NAME)
    excerpt(root, [OTHER])
    assert nowhere(root) == [(NAME, "BROKEN", PUBLISHED)], "one cause is told twice"
    assert [each.links[0].missing for each in unpinned(root)] == [False]
    with (root / "params.yaml").open("a") as params:
        params.write(f"retired: {{{NAME}: {{reason: x, since: '2026-11-27'}}}}\n")
    assert nowhere(root) == [(NAME, "BROKEN", CERTIFICATE)], "what was retired has a certificate"


def test_a_registry_by_url(root):
    """Its declaration, schemas and generators stay where it comes from."""
    publish(root, NAME)
    write(root, NAME)
    (root / "schemas" / certificate.SCHEMA).unlink()
    for script in ("generators/subset_v1.py", "schemas/sidecar_v3.schema.json"):
        (root / script).unlink()
    text = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(text.replace("n_subset: 16", "n_subset: 17"))
    (root / "served.json").write_text(
        json.dumps({"address": "host/a@main", "url": "host/a", "commit": "1" * 40, "remotes": []})
    )
    found = report(root)
    names = [link.name for link in found.links]
    assert names == [link.name for link in found.announced]
    assert names == [LINKS[0], *LINKS[2:4], PUBLISHED, CERTIFICATE, *LINKS[7:]]
    assert found.holds
    assert nowhere(root) == []
    rewrite(root, NAME, lambda document: document.update(content_sha256="0" * 64))
    assert list(broken(root)) == [PUBLISHED, CERTIFICATE, "bytes -> arrays"]


# Certificates

CERTIFICATE = "certificate -> sidecar"
CERTIFIED = [*LINKS[:4], CERTIFICATE, *LINKS[4:]]


@pytest.fixture
def committed(root, monkeypatch):
    """The registry in a repository of its own; the commit that has it, and nothing is certified."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    (root / ".gitignore").write_text("*.npz\n")
    git(root, "init", "--quiet")
    return commit(root)


def commit(root: Path) -> str:
    """Commit everything that git does not ignore; the commit."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "next")
    return git(root, "rev-parse", "HEAD").strip()


def test_a_good_certificate(root):
    """Its link is tested where there is one; the other fixture's chain is as it was."""
    write(root, NAME)
    found = report(root)
    names = [link.name for link in found.links]
    assert names == [link.name for link in found.announced] == CERTIFIED
    assert found.holds
    assert CERTIFICATE not in {link.name for each in unpinned(root) for link in each.links}
    (other,) = verify(root, [pins.find(root, "minimal_dataset_v1")])
    assert [link.name for link in other.links] == LINKS


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda text: text.replace('sha256": "9', 'sha256": "8'), "found:    8dd"),
        (lambda text: text.replace('"date"', '"host": "x", "date"'), "an unknown field, host"),
        (lambda text: text + text, "line 2 a second time"),
        (lambda text: text.replace(", ", ",", 1), "line 1: the same in other bytes"),
        (lambda text: text.replace('"big"', '"middle"'), 'machine.byte_order: expected one of'),
        (lambda text: text.replace('_THREADS": "1"', '_THREADS": "/home/ada"'),
         "machine.settings.OPENBLAS_NUM_THREADS: expected 1 to 1000 characters"),
        (lambda text: "", "no line"),
    ],
)  # fmt: skip
def test_a_bad_certificate(root, change, found):
    """A wrong digest, an unknown field, a line twice, edited bytes, a value against the schema."""
    path = write(root, NAME)
    path.write_text(change(path.read_text()))
    (name,) = errors = broken(root)
    assert name == CERTIFICATE, "another link is blamed"
    assert found in errors[name]


def test_a_certificate_of_nothing(root):
    """One of a version that is not pinned is left over from it."""
    write(root, NAME).rename(root / certificate.path("minimal_dataset_v9"))
    (found,) = (each for each in unpinned(root) if each.links[0].name == CERTIFICATE)
    assert (found.name, found.exit_code) == ("minimal_dataset_v9", 1)
    assert found.links[0].detail == (
        "fixture minimal_dataset_v9: broken link certificate -> sidecar\n"
        "  expected: a certificate of what dvc.lock pins\n"
        "  found:    certificates/minimal_dataset_v9.jsonl, and no pin\n"
        "  to mend:  git rm certificates/minimal_dataset_v9.jsonl; or take back the pin: git log "
        "--oneline -- dvc.lock shows the commits"
    )


def test_a_commit_that_pins_it(root, committed):
    """The line names it, and it is here."""
    write(root, NAME, witness(root, NAME, commit=committed))
    assert report(root).holds


def test_a_commit_that_pins_something_else(root, committed):
    """Where it is here, what it pins is looked at; a description that moved on does not matter."""
    rewrite(root, NAME, lambda document: document.update(licence="MIT"))
    described = commit(root)
    write(root, NAME, witness(root, NAME, commit=committed))
    assert CERTIFICATE not in broken(root)
    replace_arrays(root, lambda arrays: arrays.pop("diff3d"))
    content = digests.content_digest(npz.parse((root / DATA).read_bytes(), subject=NAME))
    rewrite(root, NAME, lambda document: document.update(content_sha256=content))
    write(root, NAME, witness(root, NAME, commit=described))
    assert (
        f"  found:    commit {described[:12]}, which pins something else\n"
        in (broken(root)[CERTIFICATE])
    )


def test_the_same_content_in_another_container(root, committed):
    """What a line tells of is the content, which a draft may have had in other bytes."""
    (root / DATA).write_bytes((root / DATA).read_bytes() + b"\0")
    repin(root, NAME)
    write(root, NAME, witness(root, NAME, commit=committed))
    assert CERTIFICATE not in broken(root)


def test_a_commit_before_there_was_such_a_fixture(root, committed):
    """Nobody can have built it there."""
    lock = root / "dvc.lock"
    whole = lock.read_text()
    lock.write_text(whole.replace(f"fixture@{NAME}", "fixture@other_v1"))
    before = commit(root)
    lock.write_text(whole)
    write(root, NAME, witness(root, NAME, commit=before))
    assert (
        f"  found:    commit {before[:12]}, which pins no such fixture\n"
        in (broken(root)[CERTIFICATE])
    )
    lock.write_text("<<<<<<< HEAD\n")
    damaged = commit(root)
    lock.write_text(whole)
    write(root, NAME, witness(root, NAME, commit=damaged))
    assert f"commit {damaged[:12]}, which pins no such fixture\n" in broken(root)[CERTIFICATE]


def test_commits_that_are_not_here(root, committed, tmp_path):
    """A branch that was squashed, a shallow clone, a registry that moved: nobody can tell."""
    write(root, NAME, witness(root, NAME), witness(root, NAME, numpy="1.26.4", commit=committed))
    assert report(root).holds, "a commit that is nowhere"
    commit(root)
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth", "1", root.as_uri(), str(shallow))
    (shallow / DATA).write_bytes((root / DATA).read_bytes())
    assert report(shallow).holds, "a commit that is deeper"
    git(root, "mv", "dvc.lock", "moved.lock")
    moved = commit(root)
    git(root, "mv", "moved.lock", "dvc.lock")
    write(root, NAME, witness(root, NAME, commit=moved))
    assert report(root).holds, "a commit that has no lock at this path"


def test_a_certificate_of_an_imported_fixture(root):
    """It is held against the sidecar as any is."""
    write(root, NAME)
    pin = replace(pins.find(root, NAME), imported=True)
    (found,) = verify(root, [pin])
    assert (found.holds, CERTIFICATE in [link.name for link in found.links]) == (True, True)
