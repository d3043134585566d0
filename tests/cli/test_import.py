"""Tests of `fixtures import`, whose files are held against those of the real `dvc import`."""

from __future__ import annotations

import json
import os
import shutil
import sys

import pytest
import yaml

import registry
from registry.identity import pins
from tests.kit.clone import Clone
from tests.kit.environment import environment
from tests.kit.repository import FOLDER
from tests.kit.upstream import FRAMES, Upstream, git

DATA = "tests/data/small_v1"
# The stages that DVC needs to see for what the lock pins.
PIPELINE = """\
stages:
  fixture:
    foreach: [small_v1]
    do:
      cmd: "true"
      outs:
      - tests/fixtures/pytorch_integration/${item}.npz
      - tests/fixtures/pytorch_integration/${item}.json:
          cache: false
"""


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """A cache of its own, and nothing of the user's settings."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    for variable in ("FIXTURES_OFFLINE", "FIXTURES_REGISTRY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def upstream(tmp_path):
    """A registry with `small_v1`, tagged v1, and with another one of that name at v2."""
    made = Upstream(tmp_path / "theirs" / "registry")
    # DVC does not decode what `as_uri` writes for a space, git takes either
    made.url = f"file://{made.path}"
    config = made.path / ".dvc" / "config"
    # by URL DVC finds a remote by an address of its own alone
    config.write_text(config.read_text().replace("../../remote", str(made.path.parent / "remote")))
    (made.path / "dvc.yaml").write_text(PIPELINE)
    made.commit()
    git(made.path, "tag", "v1")
    made.publish(small_v1={"frames": FRAMES + 1})
    git(made.path, "tag", "v2")
    return made


@pytest.fixture
def below(upstream):
    """The same registry in the folder `data` of its repository, tagged v3."""
    (upstream.path / "data").mkdir()
    for name in (".dvc", "dvc.lock", "dvc.yaml", "tests"):
        shutil.move(upstream.path / name, upstream.path / "data" / name)
    upstream.commit()
    git(upstream.path, "tag", "v3")
    return f"{upstream.url}@v3#subdirectory=data"


@pytest.fixture
def root(tmp_path):
    """A repository of git's alone, in which the commands are run."""
    path = tmp_path / "ours"
    path.mkdir()
    git(path, "init", "--quiet")
    return path


@pytest.fixture
def run(fixtures, upstream):
    """Import `small_v1` at a revision."""
    return lambda revision="v1", *arguments: fixtures(
        "import", "small_v1", "--from", f"{upstream.url}@{revision}", *arguments
    )


def dvc(folder, *arguments: str) -> str:
    """Run DVC, which has to succeed; what it printed."""
    ended = Clone(folder, dict(os.environ)).run(sys.executable, "-m", "dvc", *arguments)
    assert ended.code == 0, ended.out
    return ended.out


def refusal(ended, *parts: str) -> None:
    """Hold an import against having been refused, in these words."""
    assert ended.code == 2, ended
    for part in parts:
        assert part in ended.err, ended.err


@pytest.mark.slow
@pytest.mark.parametrize("revision", ["main", "commit"])
def test_what_dvc_import_writes(run, root, upstream, tmp_path, revision):
    """The same entries in the same order, the same bytes, the same lines for git."""
    if revision == "commit":
        revision = git(upstream.path, "rev-parse", "v1")
    ended = run(revision)
    assert ended.code == 0, ended.err
    theirs = tmp_path / "by-dvc"
    (theirs / "tests" / "data").mkdir(parents=True)
    git(theirs, "init", "--quiet")
    dvc(theirs, "init", "--quiet")
    imported = [
        ["import", upstream.url, f"{FOLDER}/small_v1{suffix}", "-o", f"{DATA}{suffix}",
         "--rev", revision]
        for suffix in (".npz", ".json")
    ]  # fmt: skip
    code = f"from dvc.cli import main; raise SystemExit(any([main(each) for each in {imported}]))"
    ended = Clone(theirs, dict(os.environ)).run(sys.executable, "-c", code)
    assert ended.code == 0, ended.out
    for name in (".npz.dvc", ".json.dvc"):
        # not as texts: DVC breaks lines at long words
        ours, dvcs = (
            json.dumps(yaml.safe_load((each / f"{DATA}{name}").read_bytes()))
            for each in (root, theirs)
        )
        assert ours == dvcs, f"another small_v1{name}"
    for name in (".npz", ".json"):
        ours, dvcs = ((each / f"{DATA}{name}").read_bytes() for each in (root, theirs))
        assert ours == dvcs, f"another small_v1{name}"
    ours, dvcs = ((each / "tests/data/.gitignore").read_text() for each in (root, theirs))
    assert ours == dvcs, "other lines for git"


@pytest.mark.slow
def test_dvc_takes_it_for_its_own_below_the_top(fixtures, below, root):
    """Nor from a registry in a folder; `dvc pull` has its bytes."""
    fixtures("import", "small_v1", "--from", below)
    assert "up to date" in dvc(root, "status"), "changed for DVC"
    (root / f"{DATA}.npz").unlink()
    Clone(root, dict(os.environ)).sh("rm -r .dvc/cache")
    dvc(root, "pull", f"{DATA}.npz.dvc")
    assert registry.load("small_v1", root).frames[0, 0] == 1, "other bytes"


@pytest.mark.slow
def test_dvc_takes_it_for_its_own(run, root, upstream):
    """Nothing has changed for `dvc status`; `dvc pull` and `dvc update` work."""
    run("main")
    assert "up to date" in dvc(root, "status"), "changed for DVC"
    for suffix in (".npz", ".json"):
        (root / f"{DATA}{suffix}").unlink()
    Clone(root, dict(os.environ)).sh("rm -r .dvc/cache")
    dvc(root, "pull")
    assert registry.load("small_v1", root).frames[0, 0] == 1, "other bytes"
    upstream.publish(small_v1={"frames": FRAMES + 2})
    dvc(root, "update", f"{DATA}.npz.dvc", f"{DATA}.json.dvc")
    assert registry.load("small_v1", root).frames[0, 0] == 2, "not updated"


def test_all_in_one_step(run, root):
    """DVC is set up, the bytes are there, and what is printed commits all that is new."""
    ended = run()
    assert ended.code == 0, ended.err
    commands = ended.out.partition("next:\n")[2]
    Clone(root, dict(os.environ)).sh(commands)
    assert git(root, "status", "--porcelain") == "", "something is left"
    assert "small_v1.npz" not in git(root, "ls-files").split(), "the bytes are git's"
    fixture = registry.load("small_v1", root, offline=True)
    assert (fixture.frames == FRAMES).all(), "other arrays"
    assert pins.find(root, "small_v1").imported, "not pinned"


def test_from_a_registry_below_the_top(fixtures, below, root):
    """A clone that has the two files alone finds its bytes, too."""
    ended = fixtures("import", "small_v1", "--from", below)
    assert ended.code == 0, ended.err
    pin = yaml.safe_load((root / f"{DATA}.npz.dvc").read_text())
    assert pin["deps"][0]["path"] == f"data/{FOLDER}/small_v1.npz", "not the path that DVC follows"
    for suffix in (".npz", ".json"):
        (root / f"{DATA}{suffix}").unlink()
    shutil.rmtree(root / ".dvc/cache")
    assert registry.load("small_v1", root).frames[0, 0] == 1, "other bytes"


def test_the_commands_fit_where_it_was_run(fixtures, root, upstream, monkeypatch):
    """In a subfolder, too."""
    (root / "sub").mkdir()
    monkeypatch.chdir(root / "sub")
    ended = fixtures("import", "small_v1", "--from", f"{upstream.url}@v1")
    commands = ended.out.partition("next:\n")[2]
    Clone(root / "sub", dict(os.environ)).sh(commands)
    assert f"{DATA}.npz.dvc" in git(root, "ls-files"), "not at the top"


def test_again(run, root):
    """The second time nothing is written."""
    run()
    before = {path: path.stat().st_mtime_ns for path in (root / "tests/data").iterdir()}
    assert run().out.startswith("unchanged  small_v1  ("), "not said"
    assert {path: path.stat().st_mtime_ns for path in before} == before, "written again"


def test_another_revision(run, root):
    """Both pins and both files move together."""
    run()
    ended = run("v2")
    assert ended.code == 0, ended.err
    assert registry.load("small_v1", root, offline=True).frames[0, 0] == 1, "the old one"
    for suffix in (".npz", ".json"):
        assert "rev: v2\n" in (root / f"{DATA}{suffix}.dvc").read_text(), suffix


def test_another_revision_without_the_files(run, root):
    """In a fresh clone, whose bytes nobody has pulled."""
    run()
    (root / f"{DATA}.npz").unlink()
    (root / f"{DATA}.json").unlink()
    run("v2")
    assert registry.load("small_v1", root, offline=True).frames[0, 0] == 1, "the old one"


def test_a_folder(run, root):
    """The files go where they are wanted, and are updated there without a word."""
    run("v1", "--to", "elsewhere/deep")
    ended = run("v2")
    assert ended.code == 0, ended.err
    assert pins.find(root, "small_v1").path == "elsewhere/deep/small_v1.npz", "not there"
    assert not (root / "tests").exists(), "another pair"


def test_a_second_pin(run):
    """One name is one fixture."""
    run()
    refusal(run("v1", "--to", "elsewhere"), "no other pin of that name", "leave out --to")


def test_by_digest(fixtures, root, upstream):
    """Whoever names the content gets it, or a refusal."""
    sha256 = registry.load("small_v1", upstream.at("v1")).sidecar.sha256_checksum
    address = f"small_v1@sha256:{sha256}"
    assert fixtures("import", address, "--from", f"git+{upstream.url}@v1").code == 0, "refused"
    ended = fixtures("import", address, "--from", f"{upstream.url}@v2")
    assert ended.code == 1, "another content passes"
    assert "broken link address -> sidecar" in ended.err, ended.err


@pytest.mark.parametrize("name", [".npz", ".json"])
def test_a_file_in_the_way(run, root, name):
    """What nobody imported is not overwritten, and nothing is half done."""
    path = root / f"{DATA}{name}"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    refusal(run(), f"{DATA}{name}", "something else", "move it away")
    assert path.read_bytes() == b"mine", "overwritten"
    assert not (root / ".dvc").exists(), "begun all the same"


def test_a_link_in_the_way(run, root):
    """It is neither followed nor replaced."""
    path = root / f"{DATA}.npz"
    path.parent.mkdir(parents=True)
    path.symlink_to(root / "mine")
    refusal(run(), f"{DATA}.npz", "something else")
    assert path.is_symlink(), "replaced"


def test_a_file_changed_since(run, root):
    """Nor is what was imported and then changed."""
    run()
    (root / f"{DATA}.npz").write_bytes(b"mine")
    refusal(run("v2"), f"{DATA}.npz", "something else")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("outs: []\n", "no import"),
        ("deps: [{repo: {url: 'https://host/a'}}]\nouts: [{md5: a}]", "import from https://host/a"),
    ],
)
def test_a_pin_of_something_else(run, root, text, found):
    """A `.dvc` file that is none of this import stays."""
    path = root / f"{DATA}.npz.dvc"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    refusal(run(), f"{DATA}.npz.dvc", found, "remove it, or name another folder")
    assert path.read_text() == text, "overwritten"


def test_lines_for_git_stay(run, root):
    """Whatever else is left out."""
    path = root / "tests/data/.gitignore"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"*.tmp\n\xff")
    run()
    assert path.read_bytes() == b"*.tmp\n\xff\n/small_v1.npz\n/small_v1.json\n", "other lines"


def test_no_repository(fixtures, upstream, tmp_path, monkeypatch):
    """Pins are for git to keep."""
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    ended = fixtures("import", "small_v1", "--from", f"{upstream.url}@v1")
    refusal(ended, "a git repository, to keep the pins in", "git init makes one")


def test_outside_of_it(run):
    """A folder elsewhere is not git's."""
    refusal(run("v1", "--to", "../elsewhere"), "one within the repository", "--to FOLDER")


def test_credentials_are_not_committed(fixtures, upstream, tmp_path):
    """An address with a password would be in the pins for ever."""
    address = "http://me:open-sesame@127.0.0.1:1/registry.git"
    config = f'[url "{upstream.url}"]\n    insteadOf = {address}\n'
    (tmp_path / "gitconfig").write_text(config)
    os.environ["GIT_CONFIG_GLOBAL"] = str(tmp_path / "gitconfig")
    ended = fixtures("import", "small_v1", "--from", f"{address}@v1")
    refusal(ended, "without credentials, for it is committed")
    assert "open-sesame" not in ended.err, "shown"


@pytest.mark.parametrize(
    ("registry_at", "code", "said"),
    [
        ("http://127.0.0.1:1/registry.git@v1", 3, "a git repository that can be reached"),
        ("{url}@v3", 2, "no v3"),
        ("{url}", 2, "git+URL@REVISION"),
        ("../registry@v1", 2, "git+URL@REVISION"),
        ("{url}@v1#subdirectory=..", 2, "the path of a folder from the repository's top"),
    ],
)
def test_a_wrong_registry(fixtures, root, upstream, registry_at, code, said):
    """It is told as everywhere, and nothing is begun."""
    ended = fixtures("import", "small_v1", "--from", registry_at.format(url=upstream.url))
    assert ended.code == code, ended
    assert said in ended.err, ended.err
    assert not (root / ".dvc").exists(), "begun all the same"


def test_an_unknown_name(fixtures, upstream):
    """Its registry's names are told."""
    refusal(fixtures("import", "smal_v1", "--from", f"{upstream.url}@v1"), "perhaps small_v1")


def test_nothing_of_theirs_is_run(run, upstream, root):
    """What the registry configures for DVC stays there: one that DVC could not even read."""
    with (upstream.path / ".dvc" / "config").open("a") as file:
        file.write("[core]\nhardlink_lock = no-boolean\n")
    (upstream.path / "dvc.yaml").write_text("stages: {a: {cmd: touch pwned}}\n")
    upstream.commit()
    assert run("main").code == 0, "it was followed"
