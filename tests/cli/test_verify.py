"""Tests of `fixtures verify`. What each link tests: tests/test_verify.py."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from registry import verify
from registry.identity import chain, ledger, pins
from tests.compare.kit import commit
from tests.kit.files import flip
from tests.kit.processes import git
from tests.kit.registries import rewrite
from tests.kit.repository import excerpt

NAME = "minimal_dataset_v1_n16"
OTHER = "minimal_dataset_v1"
DATA = f"tests/fixtures/pytorch_integration/{NAME}.npz"


@pytest.fixture(autouse=True)
def _declared(root):
    """Nothing is declared but what is pinned."""
    excerpt(root, (OTHER, NAME))


@pytest.fixture
def published(root, monkeypatch):
    """The registry as the only commit of a repository; the commit's id."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    git(root, "init", "--quiet")
    git(root, "add", "dvc.lock")
    git(root, "commit", "--quiet", "--message", "published")
    return git(root, "rev-parse", "HEAD")


def test_good_fixtures(fixtures):
    """A line for each that is pinned, and exit code 0."""
    ended = fixtures("verify")
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out == f"ok      {OTHER}  (10 links hold)\nok      {NAME}  (10 links hold)\n"


def test_only_those_that_are_named(fixtures, root):
    """A broken fixture does not matter to who asks for another one."""
    flip(root / DATA)
    ended = fixtures("verify", OTHER)
    assert (ended.code, ended.out) == (0, f"ok      {OTHER}  (10 links hold)\n")


def test_a_broken_fixture(fixtures, root):
    """The table is on stdout, the message with its link and remedy on stderr."""
    flip(root / DATA)
    ended = fixtures("verify")
    assert ended.code == 1, "a broken link is a failed check"
    assert ended.out == f"ok      {OTHER}  (10 links hold)\nBROKEN  {NAME}  (7 links hold)\n"
    assert ended.err.startswith(f"error: fixture {NAME}: broken link sidecar -> bytes\n")
    assert f"  to mend:  rm {DATA}, then fixtures pull {NAME}" in ended.err, "no remedy"


def test_missing_bytes(fixtures, root):
    """What is not here is exit code 3."""
    (root / DATA).unlink()
    ended = fixtures("verify")
    assert ended.code == 3, "not the exit code of what is missing"
    assert f"MISSING {NAME}  (7 links hold)\n" in ended.out, "not its word"
    assert f"error: fixture {NAME}: bytes\n" in ended.err, "the missing bytes are not named"


def test_the_bytes_of_several_are_missing(fixtures, root):
    """It is said once, with the command that brings all of them."""
    (root / DATA).unlink()
    (root / DATA.replace(NAME, OTHER)).unlink()
    ended = fixtures("verify")
    assert ended.code == 3
    assert ended.err == (
        "error: bytes of 2 fixtures\n"
        f"  expected: the files of {OTHER}, {NAME}\n"
        "  found:    none of them\n"
        "  to mend:  fixtures pull brings them all; fixtures build makes them\n"
    )


def test_the_missing_bytes_of_imports(fixtures, root, monkeypatch):
    """They are built nowhere here, and nobody is told to."""
    imported = {name: replace(pin, imported=True) for name, pin in pins.read(root).items()}
    absent = [verify.Tested(link=chain.BYTES, holds=False, missing=True)]
    monkeypatch.setattr(pins, "read", lambda root: imported)
    monkeypatch.setattr(
        verify,
        "verify",
        lambda root, chosen: [
            verify.Report(name=pin.name, exit_code=3, links=absent) for pin in chosen
        ],
    )
    assert "  to mend:  fixtures pull brings them all\n" in fixtures("verify").err


def test_an_unknown_name(fixtures):
    """A wrong name is wrong use, and nothing is verified."""
    ended = fixtures("verify", OTHER, "nope")
    assert (ended.code, ended.out) == (2, ""), "not wrong use, or something on stdout"
    assert ended.err.startswith("error: fixture nope\n"), "the name is not in the message"


def test_json_of_good_fixtures(fixtures, root):
    """--json prints one document, and nothing else, on stdout."""
    ended = fixtures("verify", "--json", NAME)
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    document = json.loads(ended.out)
    assert document["root"] == str(root), "not where the registry is"
    assert document["holds"] is True, "not the verdict"
    (report,) = document["fixtures"]
    assert (report["name"], report["holds"], report["exit_code"]) == (NAME, True, 0)
    assert report["links"][0] == {"name": "lock -> sidecar", "holds": True, "detail": ""}
    assert len(report["links"]) == 10, "not every link"


def test_json_of_a_broken_fixture(fixtures, root):
    """A failure is told in the document, too, and the exit code is the same."""
    flip(root / DATA)
    ended = fixtures("verify", "--json")
    assert (ended.code, ended.err) == (1, ""), "not a failed check, or something on stderr"
    document = json.loads(ended.out)
    assert document["holds"] is False, "not the verdict"
    assert [report["holds"] for report in document["fixtures"]] == [True, False]
    (broken,) = [link for link in document["fixtures"][1]["links"] if not link["holds"]]
    assert broken["name"] == "sidecar -> bytes", "another link is blamed"
    assert broken["detail"].startswith(f"fixture {NAME}: broken link sidecar -> bytes\n")


def test_json_and_wrong_use(fixtures):
    """Where there is no document, stdout is empty."""
    ended = fixtures("verify", "--json", "nope")
    assert (ended.code, ended.out) == (2, ""), "not wrong use, or something on stdout"


def test_what_is_declared_and_was_never_built(fixtures, root):
    """It has no pin, and is told all the same; one that is asked for by name stands for itself."""
    with (root / "params.yaml").open("a") as params:
        params.write("  new_v1: {generator: subset_v1}\n")
    ended = fixtures("verify")
    assert ended.code == 3
    assert ended.out.splitlines()[2:] == ["MISSING new_v1  (0 links hold)"]
    assert "error: fixture new_v1: broken link params.yaml -> lock\n" in ended.err
    assert "  to mend:  dvc repro fixture@new_v1\n" in ended.err
    assert fixtures("verify", NAME).code == 0


def test_what_is_pinned_and_not_declared(fixtures, root):
    """An entry that was removed or renamed leaves its pin behind: DVC never takes one away."""
    excerpt(root, (OTHER, NAME))
    declared = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(declared.replace(f"  {NAME}:", "  renamed_v1:"))
    ended = fixtures("verify")
    assert ended.code == 1
    assert f"error: fixture {NAME}: broken link params.yaml -> lock\n" in ended.err
    assert (
        "  expected: an entry in params.yaml for what dvc.lock pins\n  found:    none\n"
        in ended.err
    )
    assert "error: fixture renamed_v1: broken link params.yaml -> lock\n" in ended.err


def test_what_is_declared_otherwise_than_it_was_built(fixtures, root):
    """The key is named, with what was built and what is declared."""
    declared = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(declared.replace("n_subset: 16", "n_subset: 17"))
    ended = fixtures("verify")
    assert ended.code == 1
    assert "  found:    n_subset: 16 -> 17\n  to mend:  git checkout -- params.yaml" in ended.err


def test_published_versions(fixtures, root, published):
    """Each has one link more, and the ledger's history is looked at without being asked for."""
    fixtures("publish")
    commit(root)
    ended = fixtures("verify")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"ok      {OTHER}  (11 links hold)",
        f"ok      {NAME}  (11 links hold)",
        "ok      published.sum, in 1 commit of the main branch",
    ]


def test_a_published_version_that_is_something_else(fixtures, root, published):
    """Lock and sidecar agree with each other, and not with what was published."""
    fixtures("publish")
    commit(root)
    rewrite(root, NAME, lambda record: record.update(content_sha256="0" * 64))
    ended = fixtures("verify")
    assert ended.code == 1
    assert f"error: fixture {NAME}: broken link published.sum -> sidecar\n" in ended.err
    assert "  found:    content 9dd27b59caec -> 000000000000\n" in ended.err


def test_a_version_that_is_not_published_yet(fixtures, root, published):
    """Where there is a ledger each version is in it, or nobody would see it change."""
    fixtures("publish", OTHER)
    ended = fixtures("verify")
    assert ended.code == 1
    assert f"error: fixture {NAME}: broken link published.sum -> sidecar\n" in ended.err
    assert f"  to mend:  once it is as it should stay: fixtures publish {NAME}\n" in ended.err


def test_a_published_version_that_vanished(fixtures, root, published):
    """No entry, no pin, and nobody retired it."""
    fixtures("publish")
    commit(root)
    excerpt(root, (OTHER,))
    ended = fixtures("verify")
    assert ended.code == 1
    assert ended.out.splitlines()[1] == f"BROKEN  {NAME}  (0 links hold)"
    assert f"error: fixture {NAME}: broken link published.sum -> sidecar\n" in ended.err
    with (root / "params.yaml").open("a") as params:
        params.write(f"retired: {{{NAME}: {{reason: too small, since: '2026-11-27'}}}}\n")
    ended = fixtures("verify")
    assert (ended.code, ended.err) == (0, ""), "it was retired"


def test_a_line_that_was_taken_back(fixtures, root, published):
    """A version, its pin and its line changed together: main knows what was published."""
    fixtures("publish")
    commit(root)
    git(root, "checkout", "--quiet", "-b", "branch")
    rewrite(root, NAME, lambda record: record.update(content_sha256="0" * 64))
    (root / ledger.FILE).unlink()
    fixtures("publish")
    commit(root)
    ended = fixtures("verify")
    assert ended.code == 1
    assert ended.out.splitlines()[-1] == "CHANGED  published.sum, in 1 commit of the main branch"
    assert f"error: fixture {NAME}: published and immutable\n" in ended.err
    document = json.loads(fixtures("verify", "--json").out)
    assert document["holds"] is False
    assert document["changes"][0].startswith(f"fixture {NAME}: published and immutable\n")


def test_a_ledger_that_is_gone(fixtures, root, published):
    """Without it nothing would be published; main knows better."""
    fixtures("publish")
    commit(root)
    git(root, "checkout", "--quiet", "-b", "branch")
    (root / ledger.FILE).unlink()
    ended = fixtures("verify")
    assert ended.code == 1
    assert ended.err.count("published and immutable\n") == 2


def test_a_shallow_clone(fixtures, root, published, monkeypatch):
    """A person is told that not all is here; CI, which nobody reads, fails and says what to do."""
    fixtures("publish")
    commit(root)
    (root / ".git" / "shallow").write_text(git(root, "rev-parse", "HEAD") + "\n")
    monkeypatch.delenv("CI", raising=False)
    ended = fixtures("verify")
    assert (ended.code, ended.err) == (0, "")
    past = "published.sum, in 1 commit of the main branch, which are not all here"
    assert ended.out.splitlines()[-1] == f"ok      {past}"
    monkeypatch.setenv("CI", "true")
    ended = fixtures("verify")
    assert ended.code == 3
    assert ended.out.splitlines()[-1] == f"MISSING  {past}"
    assert ended.err == (
        "error: published.sum: its history\n"
        "  expected: every commit of the main branch that changed it, in which a line that was "
        "taken back is seen\n"
        "  found:    a shallow clone\n"
        "  to mend:  git fetch --unshallow; in a workflow, `fetch-depth: 0` for actions/checkout\n"
    )
    assert fixtures("verify", NAME).code == 0, "of one fixture nothing is missing"


def test_against_a_revision(fixtures, published):
    """The commit compared with is told."""
    ended = fixtures("verify", "--against", "HEAD")
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out.splitlines()[-1] == f"ok      published versions, against {published[:12]}"


def test_against_a_revision_at_which_nothing_is_published(fixtures, root, published):
    """It is wrong use to name one, and nothing is said to be fine."""
    git(root, "rm", "--quiet", "--cached", "dvc.lock")
    git(root, "commit", "--quiet", "--message", "without")
    ended = fixtures("verify", "--against", "HEAD")
    assert ended.code == 2, ended
    assert "found:    nothing is published in commit" in ended.err, ended.err
    assert "ok" not in ended.out, "something is said to be fine"


def test_a_branch_from_before_anything_was_published(fixtures, root, published):
    """It is said that nothing was compared, which is not the same as fine."""
    git(root, "checkout", "--quiet", "--orphan", "fresh")
    git(root, "rm", "--quiet", "--cached", "dvc.lock")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "without")
    git(root, "branch", "--force", "main")
    commit = git(root, "rev-parse", "HEAD")
    ended = fixtures("verify", "--against")
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out.splitlines()[-1] == (
        f"NONE    published versions: no fixture is pinned in commit {commit[:12]}"
    )


def test_a_change_against_a_revision(fixtures, root, published):
    """A published version whose pin changed fails, whether or not its chain holds."""
    lock = (root / "dvc.lock").read_text()
    (root / "dvc.lock").write_text(lock.replace("tests/fixtures/pytorch_integration/", "data/"))
    (root / "tests/fixtures/pytorch_integration").rename(root / "data")
    ended = fixtures("verify", "--against", "HEAD")
    assert ended.code == 1, "a changed version is a failed check"
    assert ended.out.splitlines() == [
        f"ok      {OTHER}  (10 links hold)",
        f"ok      {NAME}  (10 links hold)",
        f"CHANGED  published versions, against {published[:12]}",
    ], "not the table"
    assert ended.err.count("published and immutable\n") == 2, "not each changed version"
    assert "declare the change as minimal_dataset_v2_n16 in params.yaml" in ended.err


def test_against_the_base_branch(fixtures, published):
    """--against without a revision finds the base branch by itself."""
    ended = fixtures("verify", NAME, "--against")
    assert ended.code == 0, "the merge base was not found"
    assert ended.out.splitlines()[-1] == f"ok      published versions, against {published[:12]}"


def test_changes_in_json(fixtures, root, published):
    """The document has the commit and the messages."""
    lock = (root / "dvc.lock").read_text()
    (root / "dvc.lock").write_text(lock.replace(f"fixture@{NAME}", "other@x"))
    ended = fixtures("verify", "--json", "--against", "HEAD")
    document = json.loads(ended.out)
    assert (ended.code, document["holds"]) == (1, False), "a vanished version is a failed check"
    assert document["against"] == published, "not the commit"
    assert document["changes"][0].startswith(f"fixture {NAME}: published and immutable\n")


def test_against_an_unknown_revision(fixtures, published):
    """A revision that is none is wrong use."""
    ended = fixtures("verify", "--against", "nope")
    assert (ended.code, ended.out) == (2, ""), "not wrong use, or something on stdout"
    assert ended.err.startswith("error: revision nope\n"), "the revision is not named"


def test_nothing_is_pinned(fixtures, root):
    """An empty registry is no error; each command that goes through it says that it is empty."""
    excerpt(root, ())
    for command in ("verify", "list", "pull"):
        ended = fixtures(command)
        said = "no fixtures are pinned; build what params.yaml declares: dvc repro\n"
        assert (ended.code, ended.out) == (0, said), command


@pytest.mark.parametrize(
    "text", ["", "# only\n", "sche", "stages: {}\n", "schema: '2.0'\nstages:\n"]
)
def test_a_lock_that_is_none(fixtures, root, text):
    """One that is empty, or was cut, is broken and not empty; each command says so."""
    (root / "dvc.lock").write_text(text)
    for command in ("verify", "list", "pull"):
        ended = fixtures(command)
        assert (ended.code, ended.out) == (1, ""), command
        assert ended.err.startswith("error: dvc.lock\n  expected: a lock as DVC writes it"), command
        assert "to mend:  git checkout dvc.lock" in ended.err, command
