"""Tests of `registry.export.in_toto`, with the in-toto project's own package."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from dataclasses import replace

import pytest

from registry import export
from registry.export import in_toto
from tests.kit.certificates import MACHINE, witness, write
from tests.kit.repository import FOLDER, REPOSITORY

pytest.importorskip("in_toto_attestation")

NAME = "minimal_dataset_v1_n16"
# of the whole statement less its digests, so that no word of it changes unseen
SHA256 = "2afe1c934b301a371622bdf6b78f6f153adf1a1a0e165c7dd7920553c3b98211"


def test_the_package_accepts_it(item):
    """A Statement of version 1, with no field that the package does not know."""
    from google.protobuf import json_format
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    document = json.loads(in_toto.encode([item]))
    message = json_format.ParseDict(document, statement_pb2.Statement())
    Statement.copy_from_pb(message).validate()
    assert json_format.MessageToDict(message) == document, "something was lost on the way"


def test_the_predicate_is_slsas_build_definition(item):
    """SLSA's own message holds it whole, though not under SLSA's type: no run is claimed."""
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2

    predicate = in_toto.statement(item)["predicate"]
    message = json_format.ParseDict(predicate, provenance_pb2.Provenance())
    assert message.build_definition.build_type == "urn:fixture-registry:generate:v1"
    assert list(predicate) == ["buildDefinition"], "a run is claimed"
    assert in_toto.statement(item)["predicateType"] == "urn:fixture-registry:provenance:v1"


def test_subjects_are_the_files(item, root):
    """Fixture and sidecar, each under the SHA-256 of its file."""
    found = {entry["name"]: entry["digest"] for entry in in_toto.statement(item)["subject"]}
    assert found == {
        f"{NAME}{suffix}": {
            "sha256": hashlib.sha256((root / FOLDER / f"{NAME}{suffix}").read_bytes()).hexdigest()
        }
        for suffix in (".npz", ".json")
    }, "not the files"


def test_generators_are_the_files_that_git_knows(item):
    """Each generator's digest is the blob id that git itself gives its file."""
    dependencies = in_toto.statement(item)["predicate"]["buildDefinition"]["resolvedDependencies"]
    blobs = {
        entry["name"]: entry["digest"]["gitBlob"]
        for entry in dependencies
        if "gitBlob" in entry["digest"]
    }
    assert sorted(blobs) == [f"generators/{name}_v1.py" for name in ("exact", "simulate", "subset")]
    for path, blob in blobs.items():
        command = ["git", "hash-object", "--no-filters", path]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert blob == done.stdout.strip(), f"not git's id of {path}"


def test_source_and_schemas(item):
    """The source's bytes and the contracts that were asked for are dependencies, too."""
    dependencies = in_toto.statement(item)["predicate"]["buildDefinition"]["resolvedDependencies"]
    found = {
        entry["name"]: entry["digest"]["sha256"]
        for entry in dependencies
        if "sha256" in entry["digest"]
    }
    assert found.pop("build/sources/run1084_twin.npz").startswith("26222ce6de94"), "another source"
    names = ("data_001_v1", "ptychography_v1", "sidecar_v3")
    paths = [f"schemas/{name}.schema.json" for name in names]
    assert found == {
        path: hashlib.sha256((REPOSITORY / path).read_bytes()).hexdigest() for path in paths
    }, "not the files"


def test_parameters(item):
    """What was declared: the generator's parameters, and the source with its own."""
    definition = in_toto.statement(item)["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {
        "fixture": NAME,
        "created": "2026-11-23T00:00:00+00:00",
        "generator": "generators/subset_v1.py",
        "parameters": {"diff3d": True, "Y": False, "strategy": "evenly_spaced", "n_subset": 16},
        "source": {
            "name": "run1084_twin",
            "declaration": {
                "generator": "simulate_v1",
                "seed": 1084,
                "photons_per_frame": 1000000.0,
                "max_amplitude": 1.7036,
            },
        },
    }, "not the declaration"


def test_a_source_from_elsewhere(item):
    """The commit that a file came from stands with the file; what read the file has its blob id."""
    commit = "a" * 40
    record = replace(
        item.record,
        source_commit=commit,
        source_declaration={"generator": "file_v1"},
        source_generators={"generators/file_v1.py": "blob:" + "b" * 40},
    )
    statement = in_toto.statement(replace(item, record=record))
    source, *others = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert source["annotations"] == {"gitCommit": commit}, "not with the source"
    names = {entry["name"]: entry["digest"] for entry in others}
    assert names["generators/file_v1.py"] == {"gitBlob": "b" * 40}, "not its blob id"
    assert "generators/simulate_v1.py" not in names, "a generator that had no part in it"


def test_a_source_without_a_commit(item):
    """What was made here comes from no repository, and none is named."""
    source = in_toto.statement(item)["predicate"]["buildDefinition"]["resolvedDependencies"][0]
    assert sorted(source) == ["digest", "name"], "made up"


def test_a_line_for_each_fixture(root):
    """Several statements are JSON Lines: one each, sorted by name."""
    lines = in_toto.encode(export.read(root, [])).splitlines()
    assert [json.loads(line)["subject"][0]["name"] for line in lines] == [
        "minimal_dataset_v1.npz",
        "minimal_dataset_v1_n16.npz",
    ], "not one for each"


def test_every_byte(item):
    """The same pins give the same bytes, here and anywhere; its digests are held above."""
    words = re.sub(rb'"[0-9a-f]{40,64}"', b'""', in_toto.encode([item]))
    assert hashlib.sha256(words).hexdigest() == SHA256, "a word has changed"


def test_a_certificate_is_a_statement_of_its_own(item, root):
    """About the fixture alone: who trusts how it was made need not trust what others saw."""
    from google.protobuf import json_format
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    write(root, NAME)
    (certified,) = export.read(root, [NAME])
    made, seen = in_toto.encode([certified]).splitlines(keepends=True)
    assert made == in_toto.encode([item]), "the certificate reaches the other statement"
    document = json.loads(seen)
    message = json_format.ParseDict(document, statement_pb2.Statement())
    Statement.copy_from_pb(message).validate()
    assert document["predicateType"] == "urn:fixture-registry:certificate:v1"
    assert document["subject"] == [in_toto.statement(item)["subject"][0]]
    (line,) = document["predicate"]["witnesses"]
    assert line == json.loads(str(witness(root, NAME)))
    assert line["machine"]["architecture"] == MACHINE.architecture
