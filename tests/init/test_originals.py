"""Tests of `registry.init.originals`: where the files are, and which a field has."""

from __future__ import annotations

import configparser
import shutil
import tomllib

from registry.init import originals
from tests.kit.repository import REPOSITORY, files


def test_what_ptychography_has():
    """All generators and schemas of this repository, their helpers too, and nothing else."""
    ours = sorted(path.as_posix() for path in files() if path.parts[0] in ("generators", "schemas"))
    assert originals.of_field("ptychography") == ours


def test_what_arrays_have():
    """Neither a generator nor a schema of another field."""
    assert originals.of_field("arrays") == [
        "generators/__init__.py",
        "generators/nothing_v1.py",
        "generators/nothing_v1.schema.json",
        "generators/npz_v1.py",
        "generators/npz_v1.schema.json",
        "schemas/certificate_v1.schema.json",
        "schemas/keys_v1.schema.json",
        "schemas/params.schema.json",
        "schemas/sidecar_v3.schema.json",
    ]


def test_a_field_has_its_own_generators_and_the_neutral_ones(tmp_path, monkeypatch):
    """What they import, and what their schemas name, comes along; another field's does not."""
    shutil.copytree(REPOSITORY / "schemas", tmp_path / "schemas")
    (tmp_path / "generators").mkdir()
    of_field = '{"generates": "source", "field": "%s", "$ref": "own.json#"}'
    for name, text in {
        "any_v1.schema.json": of_field % "arrays",
        "any_v1.py": "",
        "scan_v1.schema.json": of_field % "ptychography",
        "own.json": "{}",
        "scan_v1.py": "from generators import probe_v1",
        "probe_v1.py": "",
        "other_v1.schema.json": of_field % "other",
        "other_v1.py": "",
    }.items():
        (tmp_path / "generators" / name).write_text(text)
    monkeypatch.setattr(originals, "folder", lambda: tmp_path)
    neutral = ["__init__.py", "any_v1.py", "any_v1.schema.json", "own.json"]
    scans = [*neutral, "probe_v1.py", "scan_v1.py", "scan_v1.schema.json"]
    names = ("certificate_v1", "params", "sidecar_v3")
    schemas = [f"schemas/{name}.schema.json" for name in names]
    for field, names in (("arrays", neutral), ("ptychography", scans)):
        expected = [*(f"generators/{name}" for name in names), *schemas]
        assert originals.of_field(field) == expected, field


def test_each_file_is_in_wheel_and_sdist():
    """The wheel has them below one folder, each under its own path; the sdist has them in place."""
    hatch = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["hatch"]
    targets = hatch["build"]["targets"]
    table = targets["wheel"]["force-include"]
    assert table == {path: f"registry/init/laid_out/{path}" for path in table}, "another path"
    assert {f"/{path}" for path in table} < set(targets["sdist"]["include"])
    needed = {*originals.PIPELINE, *originals.FILES, "generators", "schemas"}
    assert set(table) == needed, "not what is read"


def test_in_a_wheel(tmp_path, monkeypatch):
    """They are read from the package's own folder where that is there."""
    assert originals.folder() == REPOSITORY
    monkeypatch.setattr(originals, "_IN_WHEEL", tmp_path)
    (tmp_path / "dvc.yaml").write_text("of the wheel")
    assert originals.read("dvc.yaml") == b"of the wheel"


def test_configuration():
    """DVC is set up as here, but for the remote: two registries' bytes would lie in one place."""
    ours, theirs = configparser.ConfigParser(), configparser.ConfigParser()
    ours.read_string((REPOSITORY / ".dvc/config").read_text())
    theirs.read_string(originals.configuration())
    assert ours.get("core", "remote") == "local"
    ours.remove_option("core", "remote")
    ours.remove_section("'remote \"local\"'")
    assert theirs == ours


def test_what_is_shared_of_a_file():
    """The rules below the mark: none is of this repository alone."""
    for name in originals.SHARED:
        text = originals.shared(name)
        assert text, f"{name} has no mark"
        assert (REPOSITORY / name).read_bytes().endswith(originals.MARK + text), name
    rules = b"".join(map(originals.shared, originals.SHARED))
    assert b"private" not in rules
    for rule in (b"\n/build/\n", b"\n/tests/fixtures/**/*.npz\n", b"merge=dvc-lock\n"):
        assert rule in rules, rule


def test_fields():
    """The neutral one is first, the default."""
    assert originals.fields() == ["arrays", "ptychography"]
