"""What somebody is told who imports fixtures: nothing that only their registry could do."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest
import yaml

import registry
from registry.cli import main
from registry.errors import MissingError, RegistryError, UsageError
from registry.identity import npz, pins
from tests.kit.files import flip
from tests.kit.upstream import Upstream, git

# What is no mend, or no file, of a repository that imports.
FOREIGN = ("make ", "dvc repro", "dvc.lock", "dvc push", "params.yaml", "git checkout the sidecar")


@pytest.fixture
def root(upstream, tmp_path, monkeypatch):
    """A repository that has nothing but an import of `small_v1`, all of it here."""
    root = tmp_path / "consumer"
    (root / ".dvc").mkdir(parents=True)
    upstream.imports(upstream, "small_v1", revision=git(upstream.path, "rev-parse", "HEAD"))
    shutil.move(upstream.path / "data", root / "data")
    pin = pins.find(upstream.path, "small_v1")
    for path in (pin.path, pin.sidecar_path):
        shutil.copy(upstream.path / path, root / "data")
    monkeypatch.chdir(root)
    monkeypatch.setenv("FIXTURES_OFFLINE", "1")
    return root


def repin(root, name: str) -> None:
    """Have a ``.dvc`` file pin what its file is now."""
    path = root / "data" / f"{name}.dvc"
    data = (root / "data" / name).read_bytes()
    document = yaml.safe_load(path.read_bytes())
    document["outs"][0].update(md5=hashlib.md5(data).hexdigest(), size=len(data))
    path.write_text(yaml.safe_dump(document))


def rewrite(root, **changes: object) -> None:
    """Change fields of the sidecar, and pin it so."""
    path = root / "data" / "small_v1.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))
    repin(root, path.name)


def edited_sidecar(root) -> None:
    """Somebody edits it."""
    (root / "data" / "small_v1.json").write_text("{}")


def malformed_sidecar(root) -> None:
    """It was published with a field of another type."""
    rewrite(root, size="many")


def swapped_sidecar(root) -> None:
    """It is another fixture's."""
    rewrite(root, name="other_v1")


def other_version(root) -> None:
    """It says another version."""
    rewrite(root, version="v2")


def other_size(root) -> None:
    """It says another size."""
    rewrite(root, size=7)


def lost_bytes(root) -> None:
    """A fresh clone."""
    (root / "data" / "small_v1.npz").unlink()


def cut_bytes(root) -> None:
    """A download that was interrupted."""
    path = root / "data" / "small_v1.npz"
    path.write_bytes(path.read_bytes()[:-1])


def flipped_bit(root) -> None:
    """A disk."""
    flip(root / "data" / "small_v1.npz")


def other_md5(root) -> None:
    """A merge of the ``.dvc`` files."""
    path = root / "data" / "small_v1.npz.dvc"
    path.write_text(path.read_text().replace(pins.find(root, "small_v1").md5, "0" * 32))


def forged(root) -> None:
    """Other arrays, and everything else made to match."""
    path = root / "data" / "small_v1.npz"
    arrays = dict(npz.parse(path.read_bytes(), subject="small_v1"))
    path.write_bytes(npz.encode({name: array + 1 for name, array in arrays.items()}))
    repin(root, path.name)
    rewrite(root, sha256_checksum=hashlib.sha256(path.read_bytes()).hexdigest())


BREAKS = [
    edited_sidecar, malformed_sidecar, swapped_sidecar, other_version, other_size, lost_bytes,
    cut_bytes, flipped_bit, other_md5, forged,
]  # fmt: skip


@pytest.mark.parametrize("spoil", BREAKS)
def test_a_link_that_breaks(spoil, root, capsys):
    """Its message names the files and the mend of a repository that imports."""
    assert main(["verify"]) == 0, capsys.readouterr().err
    spoil(root)
    assert main(["verify"]) != 0, "nothing is broken"
    said = capsys.readouterr().err
    assert "to mend:  " in said, said
    assert [words for words in FOREIGN if words in said] == [], said


@pytest.mark.parametrize("remove", ["*", "??????*"])
def test_a_pull(remove, root, upstream, monkeypatch, capsys):
    """An object that the registry's remote lacks, or has wrong, is for those who keep it."""
    lost_bytes(root)
    for path in (upstream.path.parent / "remote" / "files").rglob(remove):
        if path.is_file():
            path.unlink() if remove == "*" else path.write_bytes(b"other")
    monkeypatch.delenv("FIXTURES_OFFLINE")
    assert main(["pull"]) != 0, "it was pulled"
    said = capsys.readouterr().err
    assert "to mend:  tell those who keep the registry: " in said, said
    assert "data/small_v1" not in said.partition("to mend:")[2].partition("; or dvc pull")[0], said


def test_an_unknown_name(root):
    """What is not imported can be."""
    with pytest.raises(UsageError) as caught:
        registry.load("small_v2", root)
    assert caught.value.expected == "a fixture that is pinned here; perhaps small_v1"
    assert caught.value.remedy == "fixtures list shows them; dvc import brings another one"


def test_nothing_is_imported(root):
    """A repository of which nobody knows where its fixtures are."""
    shutil.rmtree(root / "data")
    with pytest.raises(MissingError) as caught:
        pins.read(root)
    assert caught.value.remedy == (
        "dvc import fixtures of a registry, or name the registry: FIXTURES_REGISTRY, in pytest "
        "the ini option fixtures_registry"
    )


@pytest.mark.parametrize("command", ["list", "verify", "pull"])
def test_a_pipeline_of_its_own(command, root, capsys):
    """A lock without fixtures is no registry's: nothing in here builds any."""
    shutil.rmtree(root / "data")
    (root / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    (root / "params.yaml").write_text("learning_rate: 0.1\n")
    assert main([command]) == 0
    assert capsys.readouterr().out.startswith("no fixtures are pinned; dvc import fixtures of a")


def test_by_url_nothing_is_built_or_pulled_by_dvc(upstream: Upstream, monkeypatch, capsys):
    """Neither `dvc pull` nor `dvc repro` is of use where there is no clone."""
    monkeypatch.setenv("FIXTURES_REGISTRY", upstream.at("main"))
    assert main(["pull"]) == 0
    (data,) = registry.load("small_v1").path.parent.glob("*.npz")
    for spoil in (lambda: flip(data), data.unlink):
        data.chmod(0o644)
        spoil()
        assert main(["verify"]) != 0, "nothing is broken"
        said = capsys.readouterr().err
        assert [words for words in ("dvc pull", *FOREIGN) if words in said] == [], said


def test_every_error_says_what_to_do(root):
    """A load gives the same mends as the command."""
    malformed_sidecar(root)
    with pytest.raises(RegistryError) as caught:
        registry.load("small_v1", root)
    assert caught.value.remedy == "tell those who keep the registry that it is imported from"
