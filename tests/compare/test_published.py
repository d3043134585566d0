"""Tests of `registry.compare.published`.

On small repositories that hold a lock, and the sidecars that it pins.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from registry.compare import published
from registry.errors import ChainError, CheckError, UsageError
from tests.kit.processes import git
from tests.kit.repository import FOLDER, REPOSITORY

STAGE = """\
  fixture@{name}:
    cmd: python -m registry.build.fixture {name}
    outs:
    - {{path: data/{name}.json, hash: md5, md5: {sidecar}, size: 11}}
    - {{path: data/{name}.npz, hash: md5, md5: {md5}, size: {size}}}
"""


def lock(*stages: str) -> str:
    """Text of a lock with these stages."""
    return "schema: '2.0'\nstages:\n" + ("".join(stages) or "  params: {cmd: x}\n")


# md5 of no file in particular
DA, DB, DD = ("da" * 16, "db" * 16, "dd" * 16)


def stage(name: str = "a_v1", *, md5: str = DA, sidecar: str = DB, size: int = 12) -> str:
    """Text of one fixture's stage."""
    return STAGE.format(name=name, md5=md5, sidecar=sidecar, size=size)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository on main with one published fixture, a_v1."""
    # no repository of the machine's may be found around the test's own
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, lock(stage()))
    return tmp_path


def commit(root: Path, text: str | None = None) -> str:
    """Commit everything, after writing the lock where one is given; the commit's id."""
    if text is not None:
        (root / "dvc.lock").write_text(text)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "a change")
    return git(root, "rev-parse", "HEAD")


def errors(root: Path, revision: str | None = None) -> list[CheckError]:
    """What `compare` finds wrong."""
    return published.compare(root, revision)[1]


def test_nothing_changed(repository):
    """The same pins as published are fine, and the commit compared with is told."""
    head = git(repository, "rev-parse", "HEAD")
    assert published.compare(repository, "HEAD") == (head, []), "an error where nothing changed"


def test_a_new_version_is_fine(repository):
    """Whatever is added breaks no promise."""
    (repository / "dvc.lock").write_text(lock(stage("a_v2"), stage(), stage("b_v1")))
    assert errors(repository, "HEAD") == [], "a new fixture counts as a change"


def test_a_changed_version(repository):
    """A published pin that changed is an error that names what, and the next free version."""
    base = git(repository, "rev-parse", "HEAD")[:12]
    for changed, found in (
        ({"md5": DD}, f"bytes {DA} -> {DD}"),
        ({"size": 13}, "size 12 -> 13"),
        ({"md5": DD, "size": 13}, f"bytes {DA} -> {DD}; size 12 -> 13"),
        ({"sidecar": DD}, f"sidecar: none in commit {base} beside its pin"),
    ):
        (repository / "dvc.lock").write_text(lock(stage(**changed), stage("a_v2")))
        (error,) = errors(repository, "HEAD")
        assert str(error) == (
            "fixture a_v1: published and immutable\n"
            "  expected: the pins it was published with\n"
            f"  found:    {found}\n"
            "  to mend:  declare the change as a_v3 in params.yaml, and take this one back: "
            f"git checkout {base} -- dvc.lock data/a_v1.json"
        ), f"not the whole message of {changed}"


def test_a_moved_file_is_a_change(repository):
    """Who asks for a published file by its path finds it there."""
    (repository / "dvc.lock").write_text(lock(stage().replace("data/", "elsewhere/")))
    (error,) = errors(repository, "HEAD")
    assert error.found == "path data/a_v1.npz -> elsewhere/a_v1.npz"


def test_a_vanished_version(repository):
    """A published version cannot be taken away, and its name is not free again."""
    base = git(repository, "rev-parse", "HEAD")[:12]
    (repository / "dvc.lock").write_text(lock())
    (error,) = errors(repository, "HEAD")
    assert (error.expected, error.found) == ("its pin in dvc.lock", "no pin")
    assert error.remedy == f"git checkout {base} -- dvc.lock params.yaml"


def test_a_vanished_version_is_not_the_next_free_one(repository):
    """The version to use next is free in both, the revision and the workspace."""
    commit(repository, lock(stage(), stage("a_v2")))
    (repository / "dvc.lock").write_text(lock(stage(md5=DD)))
    assert "declare the change as a_v3" in errors(repository, "HEAD")[0].remedy


def test_every_change_is_told(repository):
    """One change does not hide another."""
    commit(repository, lock(stage(), stage("b_v1"), stage("c_v1")))
    (repository / "dvc.lock").write_text(lock(stage(md5=DD), stage("b_v1")))
    assert [error.subject for error in errors(repository, "HEAD")] == [
        "fixture a_v1: published and immutable",
        "fixture c_v1: published and immutable",
    ], "not both changes"


def test_a_branch_is_compared_with_where_it_left_main(repository):
    """Without a revision, what main got since then is not asked of the branch."""
    base = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "--quiet", "-b", "work")
    commit(repository, lock(stage(), stage("mine_v1")))
    git(repository, "checkout", "--quiet", "main")
    commit(repository, lock(stage(), stage("theirs_v1")))
    git(repository, "checkout", "--quiet", "work")
    assert published.compare(repository) == (base, []), "not the merge base, or not its pins"


def test_a_change_committed_on_a_branch(repository):
    """Committing a change to a published version does not make it one."""
    git(repository, "checkout", "--quiet", "-b", "work")
    commit(repository, lock(stage(md5=DD)))
    assert [error.found for error in errors(repository)] == [f"bytes {DA} -> {DD}"]
    assert errors(repository, "HEAD") == [], "HEAD is not the branch's own last commit"


def test_a_registry_in_a_subfolder(repository):
    """The lock is looked for where the registry is, not at the repository's top."""
    folder = repository / "registry"
    folder.mkdir()
    (folder / "dvc.lock").write_text(lock(stage("b_v1")))
    commit(repository)
    (folder / "dvc.lock").write_text(lock(stage("b_v1", md5=DD)))
    assert [error.subject for error in errors(folder, "HEAD")] == [
        "fixture b_v1: published and immutable"
    ], "not the subfolder's own lock"


def test_a_revision_before_the_first_lock(repository):
    """Before anything was published, nothing has to stay."""
    (repository / "dvc.lock").unlink()
    before = commit(repository)
    (repository / "dvc.lock").write_text(lock(stage(md5=DD)))
    assert published.compare(repository, before) == (before, []), "an error out of nothing"


def test_a_lock_that_git_has_not(repository):
    """A lock that is committed and cannot be read is an error, not a revision without pins."""
    blob = git(repository, "rev-parse", "HEAD:dvc.lock")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(UsageError) as caught:
        published.compare(repository, "HEAD")
    assert caught.value.expected == "a file that git can show", "not what is wrong"


def test_a_published_lock_that_is_none(repository):
    """A revision with an unsettled merge is an error of its own."""
    commit(repository, "<<<<<<< HEAD\nstages: {}\n")
    with pytest.raises(ChainError):
        published.compare(repository, "HEAD")


# A sidecar may move to a newer schema, and changes in nothing else.

NAME = "minimal_dataset_v1_n16"
# as it was published, in a format of before this one; its text in full
OLD = Path(__file__).with_name("sidecar_v1.json").read_bytes()
# the same fixture's today
NEW = (REPOSITORY / FOLDER / f"{NAME}.json").read_bytes()
NOT_NEWER = "sidecar schemas, none of which is newer"
SIDECAR = f"data/{NAME}.json"


def later(**changes) -> dict:
    """Today's sidecar, some of its fields changed, as a format after this one would have it."""
    document = {**json.loads(NEW), **changes}
    document["schemas"]["sidecar_v9.schema.json"] = "9" * 64
    del document["schemas"]["sidecar_v3.schema.json"]
    return document


@pytest.fixture
def published_with(repository):
    """Publish a sidecar of these bytes; then, the errors where today's is another one."""

    def put(sidecar) -> None:
        data = sidecar if isinstance(sidecar, bytes) else json.dumps(sidecar).encode()
        (repository / "data").mkdir(exist_ok=True)
        (repository / SIDECAR).write_bytes(data)
        (repository / "dvc.lock").write_text(
            lock(stage(NAME, sidecar=hashlib.md5(data).hexdigest()))
        )

    def publish(sidecar):
        put(sidecar)
        commit(repository)

        def describe(other) -> str:
            """What is wrong with another sidecar, if anything is."""
            put(other)
            found = errors(repository, "HEAD")
            assert len(found) < 2, "one change is told twice"
            return found[0].found if found else ""

        return describe

    return publish


def test_a_description_in_a_newer_format(published_with):
    """A published sidecar may say in a newer format what it said, and more."""
    describe = published_with(OLD)
    assert describe(NEW) == "", "today's is refused for the one of then"
    document = json.loads(NEW)
    document["checks"]["sharpness"] = 3.5
    assert describe(document) == "", "a figure was added"
    del document["checks"]["scale"]
    assert describe(document) == "", "a figure is said elsewhere, or not any more"
    assert describe(OLD) == "", "nothing changed"


def test_a_description_in_a_format_after_this(published_with):
    """So it will be with today's."""
    describe = published_with(NEW)
    assert describe(later()) == "", "a later format is refused"
    mistakes = {"found": {"a": ["b"]}, "missed": []}
    assert describe(later(mistakes=mistakes)) == "", "a field that is new is refused"


CHANGED = {
    "name": "other_v1",
    "version": "v2",
    "created": "2026-11-24T00:00:00+00:00",
    "licence": "MIT",
    "generator_script": "generators/legacy_v1.py",
    "generator_commit": "blob:" + "0" * 40,
    "generator_helpers": {},
    "generator_parameters": {"n_subset": 16},
    "source_dataset": "build/sources/other.npz",
    "source_sha256": "0" * 64,
    "source_commit": "0" * 40,
    "source_generators": {},
    "source_declaration": {"generator": "simulate_v1", "seed": 1085},
    "subset_strategy": "first",
    "subset_size": 17,
    "subset_indices": [0, 1],
    "transformations": ["none"],
    "sha256_checksum": "0" * 64,
    "content_sha256": "0" * 64,
    "size": 970_037,
    "arrays": {},
}
DECLARED = [
    name
    for name in CHANGED
    if name.startswith(("created", "licence", "generator_", "source_", "subset_"))
]


def test_a_changed_field(published_with):
    """What was published and declared never changes, whatever the format: the field is named."""
    describe = published_with(NEW)
    for field, value in CHANGED.items():
        assert describe(later(**{field: value})) == f"sidecar {field}", "in a newer format"
        same = {**json.loads(NEW), field: value}
        assert describe(same) == f"sidecar {field}", "in the same format"
    describe = published_with(OLD)
    for field in json.loads(OLD).keys() & CHANGED.keys():
        document = {**json.loads(NEW), field: CHANGED[field]}
        assert describe(document) == f"sidecar {field}", "from the format of then"


def test_what_a_changed_field_is_answered_with(published_with, repository):
    """The error says what may not change, and the next free version to declare it as."""
    describe = published_with(OLD)
    base = git(repository, "rev-parse", "HEAD")[:12]
    describe({**json.loads(NEW), "licence": "MIT", "content_sha256": "0" * 64})
    (error,) = errors(repository, "HEAD")
    assert str(error) == (
        f"fixture {NAME}: published and immutable\n"
        "  expected: the pins it was published with\n"
        "  found:    sidecar content_sha256; sidecar licence\n"
        "  to mend:  declare the change as minimal_dataset_v2_n16 in params.yaml, and take this "
        f"one back: git checkout {base} -- dvc.lock {SIDECAR}"
    ), "not the whole message"


def test_a_declared_field_that_is_gone(published_with):
    """A newer format may say less of what was found, and never less of what was declared."""
    describe = published_with(NEW)
    for field in DECLARED:
        document = later()
        del document[field]
        assert describe(document) == f"sidecar {field}", "it was taken away unnoticed"
    document = later()
    del document["suite"]
    assert describe(document) == "", "a field of the description has to stay"


def test_a_changed_description(published_with):
    """What a description says it goes on saying: each figure, and whether it was checked."""
    describe = published_with(NEW)
    for figure, value in (("r_factor", 0.06), ("nearest_alternative", None), ("scale", "1.0")):
        document = later()
        document["checks"][figure] = value
        assert describe(document) == f"sidecar checks.{figure}", f"{figure} = {value} passes"
    assert describe(later(verdict="undecided", reason="x")) == "sidecar verdict"
    assert describe(later(ptychography={"noise": "none"})) == "sidecar ptychography"


def test_a_description_that_is_no_newer(published_with):
    """In the same format, or in an older one, nothing may be said otherwise."""
    describe = published_with(NEW)
    assert describe(NEW.replace(b"  ", b" ")) == NOT_NEWER, "another text of the same"
    document = json.loads(NEW)
    document["checks"]["sharpness"] = 3.5
    assert describe(document) == NOT_NEWER, "one figure more"
    document = json.loads(NEW)
    document["schemas"]["sidecar_v2.schema.json"] = "2" * 64
    del document["schemas"]["sidecar_v3.schema.json"]
    assert describe(document) == NOT_NEWER, "an older format"
    document = later()
    document["schemas"]["ptychography_v0.schema.json"] = "0" * 64
    del document["schemas"]["ptychography_v1.schema.json"]
    assert describe(document) == NOT_NEWER, "an older one beside a newer one"
    # of then, there is less in it
    assert describe(OLD) == "sidecar source_generators"


def test_a_schema_under_the_same_name(published_with):
    """A schema that fixtures were published with keeps its digest; the contract above all."""
    describe = published_with(OLD)
    for file in ("data_001_v1.schema.json", "sidecar_v1.schema.json"):
        document = json.loads(NEW)
        document["schemas"][file] = "0" * 64
        assert describe(document) == f"sidecar schemas.{file}"


def test_another_contract(published_with):
    """Arrays go on satisfying the contract that they were published with, also by name."""
    document = later(contract="data_001_v2.schema.json")
    document["schemas"]["data_001_v2.schema.json"] = "2" * 64
    del document["schemas"]["data_001_v1.schema.json"]
    for sidecar in (OLD, NEW):
        assert published_with(sidecar)(document) == "sidecar contract", "another contract passes"


def test_a_sidecar_that_is_not_the_pinned_one(published_with, repository):
    """What is held against the published one is what the lock pins, and it has to be here."""
    describe = published_with(OLD)
    describe(NEW)
    (repository / SIDECAR).write_bytes(NEW + b"\n")
    (error,) = errors(repository, "HEAD")
    assert error.found == f"sidecar: {SIDECAR} is not the one that dvc.lock pins"
    (repository / SIDECAR).unlink()
    (error,) = errors(repository, "HEAD")
    assert error.found == f"sidecar: {SIDECAR}: No such file or directory"


def test_a_description_that_is_none(published_with):
    """A sidecar that cannot be read is an error of the chain, and no traceback."""
    describe = published_with(OLD)
    for text, field in (
        (b"<<<<<<< HEAD", "document"),
        (NEW.replace(b"{\n", b'{\n  "licence": "MIT",\n', 1), "document"),
        (b"[]", "checks"),
        (b'{"checks": {}, "schemas": []}', "schemas"),
    ):
        with pytest.raises(ChainError) as caught:
            describe(text)
        assert caught.value.subject == f"fixture {NAME}: sidecar field {field}", text[:40]


def test_an_unknown_revision(repository):
    """What is no commit is a wrong request, and is never taken for an option."""
    for revision in ("nope", "--all", "HEAD~99", "HEAD:dvc.lock"):
        with pytest.raises(UsageError) as caught:
            published.compare(repository, revision)
        error = caught.value
        assert (error.subject, error.expected) == (
            f"revision {revision}",
            "a commit of this repository",
        ), "the revision is not named"
        assert error.found, f"git's own words of {revision} are missing"


@pytest.mark.parametrize("revision", [None, "HEAD"])
def test_no_repository(tmp_path, monkeypatch, revision):
    """Outside of git there is nothing to compare with, and the error says so."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "dvc.lock").write_text(lock(stage()))
    with pytest.raises(UsageError) as caught:
        published.compare(tmp_path, revision)
    assert caught.value.found.startswith("not a git repository"), "not git's own words"


def test_no_branch_to_compare_with(repository):
    """Where there is no main branch, a revision has to be named."""
    git(repository, "branch", "--move", "main", "trunk")
    with pytest.raises(UsageError) as caught:
        published.compare(repository)
    assert caught.value.remedy == "name the revision: fixtures verify --against REF"


def test_no_git(repository, monkeypatch):
    """Without git on the PATH the error is no traceback."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError) as caught:
        published.compare(repository, "HEAD")
    assert caught.value.remedy == "install git"


def test_next_free_version():
    """The number above goes up until the name is free; the rest of the name stays."""
    for name, taken, expected in (
        ("a_v1", set(), "a_v2"),
        ("a_v1", {"a_v2", "a_v3"}, "a_v4"),
        ("a_v1", {"a_v3"}, "a_v2"),
        ("a_v9_n16", {"a_v10"}, "a_v10_n16"),
        ("a_v1_v2", set(), "a_v1_v3"),
    ):
        assert published.next_free_version(name, taken) == expected, f"{name}, with {taken}"


def test_next_version_of_a_name_without_one():
    """What has no version has no next one."""
    with pytest.raises(ValueError, match="'a' has no version such as _v1"):
        published.next_free_version("a", set())
