"""in-toto statements: of which source, by which generator and with which parameters it was made.

The predicate is SLSA's ``buildDefinition`` under a type of its own: docs/export.md says why. A
certificate is a statement by itself, for whoever trusts a build need not trust what others saw.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from registry.export import Published

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:fixture-registry:provenance:v1"
CERTIFICATE = "urn:fixture-registry:certificate:v1"
BUILD = "urn:fixture-registry:generate:v1"


def encode(fixtures: Iterable[Published]) -> bytes:
    """One statement for each fixture, each on a line of its own (JSON Lines, ASCII).

    It is followed by one of its certificate, where it has one.
    """
    statements = []
    for item in fixtures:
        statements.append(statement(item))
        if item.certificate:
            statements.append(certified(item))
    lines = [json.dumps(each, separators=(",", ":")) for each in statements]
    return "".join(f"{line}\n" for line in lines).encode()


def statement(item: Published) -> dict[str, Any]:
    """A Statement of version 1 about a fixture and its sidecar."""
    record = item.record
    plain = record.to_dict()
    return {
        "_type": STATEMENT,
        "subject": [
            _subject(item),
            {"name": item.sidecar_file, "digest": {"sha256": item.sidecar_sha256}},
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD,
                "externalParameters": {
                    "fixture": record.name,
                    "created": record.created,
                    "generator": record.generator_script,
                    "parameters": plain["generator_parameters"],
                    "source": {"name": item.source, "declaration": plain["source_declaration"]},
                },
                "resolvedDependencies": _dependencies(item),
            }
        },
    }


def certified(item: Published) -> dict[str, Any]:
    """A Statement of version 1 about a fixture: on which machines it came out the same."""
    return {
        "_type": STATEMENT,
        "subject": [_subject(item)],
        "predicateType": CERTIFICATE,
        "predicate": {"witnesses": [json.loads(str(witness)) for witness in item.certificate]},
    }


def _subject(item: Published) -> dict[str, Any]:
    return {
        "name": item.file,
        "digest": {"sha256": item.record.sha256_checksum},
        "annotations": {"content_sha256": item.record.content_sha256},
    }


def _dependencies(item: Published) -> list[dict[str, Any]]:
    """What the fixture's bytes follow from, each with a digest."""
    record = item.record
    source: dict[str, Any] = {
        "name": record.source_dataset,
        "digest": {"sha256": record.source_sha256},
    }
    if re.fullmatch("[0-9a-f]{40}", record.source_commit):
        # of the repository that the source's file comes from
        source["annotations"] = {"gitCommit": record.source_commit}
    files = {
        record.generator_script: record.generator_commit,
        **record.generator_helpers,
        **record.source_generators,
    }
    blobs = [
        {"name": path, "digest": {"gitBlob": blob.removeprefix("blob:")}}
        for path, blob in files.items()
    ]
    schemas = [
        {"name": f"schemas/{file}", "digest": {"sha256": digest}}
        for file, digest in record.schemas.items()
    ]
    return [source, *blobs, *schemas]
