"""Target: `registry.identity.certificate.parse`, and the schema that lines are held against."""

from __future__ import annotations

import json
from random import Random

from registry.identity import certificate, schema
from registry.identity.certificate import Witness
from tests.fuzz.document_mutation import json_mutant
from tests.kit.certificates import COMMIT, DATE, MACHINE
from tests.kit.repository import SCHEMAS

_LINE = Witness(machine=MACHINE, content_sha256="0" * 64, commit=COMMIT, date=DATE)
_problems = schema.validator(SCHEMAS / certificate.SCHEMA)


def mutant(random: Random) -> bytes:
    """A certificate of one line after a few changes."""
    return json_mutant(random, [json.loads(str(_LINE))]) + b"\n"


def check(data: bytes) -> None:
    """What is accepted has the bytes that are written; the schema says what is wrong with it."""
    found = certificate.parse(data, "small_v1")
    assert certificate.encode(found) == data, "other bytes after being written"
    for witness in found:
        for problem in _problems(json.loads(str(witness))):
            str(problem).encode()
