"""What a worker of a cluster answers: held to what it says of itself, and to what was asked for.

A worker may be a wrong machine, or a broken one. What it sent is not written before it is known to
be the fixture that the client declares, by the client's code, from the client's source.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import console, digests
from registry.build import closure, task
from registry.build.plan import Stage
from registry.build.record import SourceRecord
from registry.compare import array_difference
from registry.declare.declaration import Declaration
from registry.errors import CheckError, RegistryError
from registry.identity import ledger, npz, sidecar

AGAIN = "run the command again, and see to that machine"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a worker made: its files and their SHA-256 by path, and what it printed.

    ``machine`` is what `registry.build.task.this_machine` says of it.
    """

    machine: Mapping[str, str]
    files: Mapping[str, bytes]
    sha256: Mapping[str, str]
    told: str


def read(subject: str, said: Mapping[str, Any], first: Answer | None = None) -> Answer:
    """An answer, from what `registry.build.task.answered` made.

    Parameters
    ----------
    subject : str
        What was asked for.
    said : mapping
    first : Answer, optional
        Of another worker, whose files this one did not send again.

    Raises
    ------
    RegistryError
        The worker's own; or what arrived is not what it sent.
    """
    if "error" in said:
        raise error(said)
    files = said["files"] or (first.files if first else {})
    for path, sha256 in said["sha256"].items():
        found = digests.sha256(files.get(path, b""))
        if found != sha256:
            raise CheckError(
                subject,
                expected=f"{path} with SHA-256 {sha256}, as {task.shown(said['machine'])} says",
                found=f"{found}, as it arrived",
                remedy=AGAIN,
            )
    return Answer(machine=said["machine"], files=files, sha256=said["sha256"], told=said["told"])


def error(said: Mapping[str, Any]) -> RegistryError:
    """An error that a worker sent in place of anything else."""
    found = console.reported(said["exit_code"], json.dumps(said["error"]))
    return found or CheckError(**said["error"])


def hold(
    stage: Stage,
    answer: Answer,
    root: Path,
    generator: str,
    source: SourceRecord,
    declared: Declaration | None,
) -> None:
    """Refuse files that are not those of a stage of the registry at `root`.

    Raises
    ------
    CheckError
        They are not, or would make something else of a published version.
    """
    if answer.files.keys() != set(stage.outs):
        raise _other(stage, answer, "files", ", ".join(stage.outs), ", ".join(answer.files))
    text, data = (_file(answer, suffix) for suffix in (".json", ".npz"))
    written = sidecar.parse(text, subject=str(stage))
    code = {written.generator_script: written.generator_commit, **written.generator_helpers}
    for what, expected, found in (
        ("name", stage.entry, written.name),
        ("bytes", digests.sha256(data), written.sha256_checksum),
        ("code", closure.blobs(root, generator), code),
        ("source", source.sha256, written.source_sha256),
        ("code of the source", source.generators, dict(written.source_generators)),
    ):
        if expected != found:
            raise _other(stage, answer, what, str(expected), str(found))
    differing = declared.differences(written) if declared else []
    if differing:
        raise _other(stage, answer, "declaration", "what params.yaml says", "; ".join(differing))
    lines = ledger.read(root) or {}
    line, now = lines.get(written.name), ledger.line(written)
    if line is not None and line != now:
        raise ledger.immutable(line, now, lines)


def hold_together(subject: str, first: Answer, second: Answer) -> None:
    """Refuse a fixture of which two workers made two.

    Raises
    ------
    CheckError
        They differ: the message has both machines, and what differs.
    """
    if first.sha256 != second.sha256:
        found = [
            f"A: {task.shown(first.machine)}",
            f"B: {task.shown(second.machine)}",
            *_differences(subject, first, second),
        ]
        raise CheckError(
            f"{subject}: built twice",
            expected="the same bytes from both workers",
            found="\n            ".join(found),
            remedy="see what the two machines do otherwise: docs/cluster.md; nothing of it was "
            "written",
        )


def _differences(subject: str, first: Answer, second: Answer) -> Iterator[str]:
    """What differs, in lines: arrays, then fields of the sidecar."""
    a, b = (
        npz.parse(_file(item, ".npz"), subject=f"{subject}, {letter}")
        for item, letter in ((first, "A"), (second, "B"))
    )
    for name in sorted({*a, *b}):
        found = array_difference.compare(name, a.get(name), b.get(name))
        if found.verdict != array_difference.IDENTICAL:
            count = f": {found.differing} of {found.total} values" if found.total else ""
            where = f", first at {found.first}" if found.first else ""
            yield f"{name}: {found.verdict}{count}{where}"
    texts = [json.loads(_file(item, ".json")) for item in (first, second)]
    fields = [key for key in texts[0] if texts[0][key] != texts[1].get(key)]
    if fields:
        yield f"sidecar: {', '.join(fields)}"


def _file(answer: Answer, suffix: str) -> bytes:
    return next(data for path, data in answer.files.items() if path.endswith(suffix))


def _other(stage: Stage, answer: Answer, what: str, expected: str, found: str) -> CheckError:
    return CheckError(
        f"{stage}: {what}",
        expected=expected,
        found=f"{found}, from {task.shown(answer.machine)}",
        remedy=AGAIN,
    )
