"""Tests of `registry.compare.certifying`."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.compare import certifying
from registry.errors import ChainError, CheckError, UsageError
from registry.identity import certificate
from tests.compare.kit import commit
from tests.kit.certificates import witness, write
from tests.kit.processes import git
from tests.kit.registries import rewrite
from tests.kit.repository import FOLDER, REPOSITORY

NAME, OTHER = "minimal_dataset_v1_n16", "minimal_dataset_v1"
CERTIFICATE = f"certificates/{NAME}.jsonl"


@pytest.fixture
def repository(root, monkeypatch):
    """A registry that is committed."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    git(root, "init", "--quiet", "--initial-branch", "main")
    (root / ".gitignore").write_text("*.npz\n")
    shutil.copy(REPOSITORY / ".gitattributes", root)
    commit(root)
    return root


def text(root: Path) -> str:
    """The certificate of one of its fixtures."""
    return (root / CERTIFICATE).read_text()


def test_the_commit_that_has_it_all(repository):
    """Bytes, certificates and files of somebody's own are not what fixtures are built from."""
    head = git(repository, "rev-parse", "HEAD").strip()
    assert certifying.commit(repository) == head
    write(repository, NAME)
    (repository / "notes.txt").touch()
    (repository / FOLDER / f"{NAME}.npz").write_bytes(b"x")
    assert certifying.commit(repository) == head


@pytest.mark.parametrize(
    ("path", "edit"),
    [
        ("params.yaml", lambda path: path.write_text(path.read_text() + "\n")),
        ("dvc.lock", lambda path: path.write_text(path.read_text() + "\n")),
        ("dvc.yaml", lambda path: path.touch()),
        ("generators/subset_v1.py", lambda path: path.write_text("")),
        ("generators/new_v1.py", lambda path: path.touch()),
        ("schemas/data_001_v1.schema.json", lambda path: path.unlink()),
        (f"{FOLDER}/{NAME}.json", lambda path: path.unlink()),
    ],
)
def test_what_is_not_committed(repository, path, edit):
    """A line names a commit: what is not in it is refused, changed, new or removed."""
    edit(repository / path)
    with pytest.raises(CheckError) as caught:
        certifying.commit(repository)
    assert caught.value.found == f"uncommitted changes in {path}"


def test_many_changes_are_not_all_named(repository):
    """The first three are."""
    for number in range(4):
        (repository / f"generators/new{number}_v1.py").touch()
    with pytest.raises(CheckError) as caught:
        certifying.commit(repository)
    assert caught.value.found == (
        "uncommitted changes in generators/new0_v1.py, generators/new1_v1.py, "
        "generators/new2_v1.py and 1 more"
    )


def test_a_package_in_the_tree_is_built_from_as_well(repository, monkeypatch):
    """As in the registry that has its own package: whoever changes that builds something else."""
    module = repository / "registry/compare/certifying.py"
    module.parent.mkdir(parents=True)
    module.touch()
    (repository / "a_note.txt").touch()
    monkeypatch.setattr(certifying, "__file__", str(module))
    with pytest.raises(CheckError) as caught:
        certifying.commit(repository)
    assert caught.value.found == "uncommitted changes in registry/compare/certifying.py"


def test_no_repository(root, monkeypatch):
    """There is no commit to name."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    with pytest.raises(UsageError, match="revision HEAD"):
        certifying.commit(root)


def test_a_day():
    """Today, or the day on which the test was begun."""
    before = datetime.now(UTC).date().isoformat()
    assert certifying.today() in (before, datetime.now(UTC).date().isoformat())
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", before)


def test_a_first_line(root):
    """The file is made, with the folder; of the other fixture there is none."""
    assert certifying.add(root, {NAME: [witness(root, NAME)], OTHER: []}) == {NAME: 1}
    assert text(root) == f"{witness(root, NAME)}\n"
    assert certificate.names(root) == [NAME]


def test_a_machine_that_is_in_there(root):
    """It keeps its first day and commit, and the file its bytes, whatever their order."""
    lines = [witness(root, NAME), witness(root, NAME, architecture="aarch64")]
    path = write(root, NAME, *lines)
    path.write_text("".join(f"{line}\n" for line in lines))
    before, stat = text(root), path.stat()
    again = witness(root, NAME, commit="2" * 40, date="2027-01-01")
    assert certifying.add(root, {NAME: [again]}) == {}
    assert (text(root), path.stat()) == (before, stat), "the file was written"


def test_a_machine_more(root):
    """Its line comes where it belongs, and every other line stays."""
    write(root, NAME)
    new = [
        witness(root, NAME, numpy="1.26.4"),
        # the same settings twice, as two rows of a table may be
        witness(root, NAME, numpy="1.26.4"),
        witness(root, NAME, settings={"OPENBLAS_NUM_THREADS": "2"}),
    ]
    assert certifying.add(root, {NAME: new}) == {NAME: 2}
    assert text(root) == "".join(f"{line}\n" for line in (new[0], witness(root, NAME), new[2]))


@pytest.mark.parametrize(
    "change",
    [
        lambda line: replace(line, content_sha256="0" * 64),
        lambda line: replace(line, machine=replace(line.machine, settings={"TZ": "Europe/Berlin"})),
        lambda line: replace(line, commit="HEAD"),
    ],
)
def test_a_line_that_may_not_be_written(root, change):
    """With another digest, or against the schema: nothing is written, of no fixture."""
    found = {OTHER: [witness(root, OTHER)], NAME: [change(witness(root, NAME, numpy="2.9.9"))]}
    with pytest.raises(ChainError, match=f"fixture {NAME}: broken link certificate"):
        certifying.add(root, found)
    assert certificate.names(root) == []


def test_lines_of_an_earlier_draft(root):
    """What was built anew is not certified beside what it was: somebody has to say which goes."""
    write(root, NAME)
    before = text(root)
    rewrite(root, NAME, lambda document: document.update(content_sha256="0" * 64))
    with pytest.raises(ChainError, match="a line of an earlier draft goes"):
        certifying.add(root, {NAME: [witness(root, NAME, numpy="2.9.9")]})
    assert text(root) == before


def test_a_folder_that_leads_elsewhere(root, tmp_path):
    """Nothing is written outside of the registry."""
    (tmp_path / "elsewhere").mkdir()
    (root / "certificates").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="its folder is a link"):
        certifying.add(root, {NAME: [witness(root, NAME)]})
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_two_branches_that_each_bring_a_line(repository):
    """They merge without a conflict, at the same place, too; what comes of it verifies."""
    certifying.add(repository, {NAME: [witness(repository, NAME)]})
    commit(repository)
    lines = {
        "one": [witness(repository, NAME, numpy="2.9.1"), witness(repository, NAME, numpy="2.9.3")],
        "two": [witness(repository, NAME, numpy="2.9.2"), witness(repository, NAME, numpy="2.9.3")],
    }
    for branch, added in lines.items():
        git(repository, "checkout", "--quiet", "-b", branch, "main")
        certifying.add(repository, {NAME: added})
        commit(repository)
    git(repository, "merge", "--quiet", "--no-edit", "one")
    merged = certificate.parse((repository / CERTIFICATE).read_bytes(), NAME)
    assert sorted(line.machine.numpy for line in merged) == ["2.2.4", "2.9.1", "2.9.2", "2.9.3"]
