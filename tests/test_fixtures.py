"""The fixtures that are published here: every one verifies, and none has ever changed."""

from __future__ import annotations

import json

import pytest

import registry
from registry.identity import certificate, pins
from registry.verify import verify
from tests.kit.repository import REPOSITORY

# Name: SHA-256 of the file, SHA-256 of its content. A published version keeps both for ever; what
# has to change is a new version.
PUBLISHED = {
    "minimal_dataset_v1": (
        "fdad843f7389903aeb85c2e3df73b033380a6b8be360c5a997d7f5a8b0204054",
        "47e2595135624a7e5593a2b9dae4acf7075b5e8e483d8f8799e9abf227627896",
    ),
    "minimal_dataset_v1_labelled": (
        "d5de38ff46095282495fb856c42de49d4fa2565ac719f00ae28d882296f323f5",
        "9abe3e457e4c53e9e4295794b9c91f4cd380d818b889d89280c271ac89fee2e3",
    ),
    "minimal_dataset_v1_n128": (
        "74319cf4850ac8c47a4ee218a334fa446a2aef66eae65dd0d65c02ffe7ccb318",
        "0b5e5fc79b70336132f3567ca99873c62302087b075d21e9e640ce28dd57ca6d",
    ),
    "minimal_dataset_v1_n16": (
        "0bf135e4d7860cd3ca84778befbd2af897471dc91ebea4d369be21168b770399",
        "9dd27b59caec66c43ae3ae2a2e66f09e76ac30f9de0cf9550a8402c70edaf8d2",
    ),
    "minimal_dataset_v1_supervised": (
        "1031d941460d1f914b9b4c4b7cdfe38439aa7de17c340e172fe12a0d7f85f7b7",
        "9a460e98cf31586733429d31ddfc7aca96027a58a27d27dec4bb469c1f483146",
    ),
}


def test_no_published_fixture_is_gone():
    """Every published version is still pinned; adding one to params.yaml needs no line here."""
    assert set(PUBLISHED) <= set(pins.read(REPOSITORY)), "dvc.lock lacks a published fixture"


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_link_of_the_chain_holds(name):
    """Lock, sidecar, schemas, generators, bytes and arrays all agree."""
    (report,) = verify(REPOSITORY, [pins.find(REPOSITORY, name)])
    broken = [link.detail for link in report.links if not link.holds]
    assert broken == [], "\n".join(broken)
    assert len(report.links) == 12, "not every link was tested"


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_fixture_has_not_changed(name):
    """File and content are those that were published, to the last bit."""
    record = registry.load(name, REPOSITORY).sidecar
    assert (record.sha256_checksum, record.content_sha256) == PUBLISHED[name], (
        f"{name} is published: declare what you changed as a new version"
    )


def test_no_sidecar_names_a_folder_of_a_machine():
    """Sidecars hold paths relative to the registry, and none from anybody's disk."""
    for pin in pins.read(REPOSITORY).values():
        text = (REPOSITORY / pin.sidecar_path).read_text()
        assert str(REPOSITORY) not in text, f"{pin.sidecar_path} names this folder"
        values = json.loads(text)["source_declaration"].values()
        assert not any(str(value).startswith("/") for value in values), "an absolute path"


def test_every_fixture_has_its_certificate():
    """On more than one numpy and under several settings; what is in it, `verify` tests."""
    assert set(certificate.names(REPOSITORY)) == set(pins.read(REPOSITORY)), "one is missing"
    for name in pins.read(REPOSITORY):
        machines = [
            witness.machine
            for witness in certificate.held(REPOSITORY, registry.load(name, REPOSITORY).sidecar)
        ]
        assert len({machine.numpy for machine in machines}) > 1, f"one numpy alone built {name}"
        assert len({str(machine.settings) for machine in machines}) > 5, f"few settings: {name}"


def test_no_certificate_names_a_folder_of_a_machine():
    """What somebody's machine says of itself is no path."""
    for name in certificate.names(REPOSITORY):
        assert "/" not in (REPOSITORY / certificate.path(name)).read_text(encoding="utf-8")
