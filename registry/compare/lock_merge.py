"""Merge of two versions of ``dvc.lock``, stage by stage.

Two branches that each add a version touch neighbouring lines of the lock, which git calls a
conflict. Stages are independent, so stages that only one side changed merge; a stage that both
sides changed in different ways is refused, with both versions between conflict markers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from registry.compare import three_way
from registry.compare.three_way import Conflict, Merged
from registry.errors import CheckError
from registry.identity import pins, plain_yaml
from registry.identity.sidecar import match_name

_STAGE = re.compile(rb"^  (?! )(.+):[ ]*\n", re.MULTILINE)
_MISPLACED = "stages that do not stand as DVC writes them"


def merge(base: bytes, ours: bytes, theirs: bytes) -> Merged:
    """Merge three versions of a lock, as git hands them to a merge driver.

    Raises
    ------
    CheckError
        One of them is not a lock as DVC writes it.
    """
    sides = [
        _split(data, which) for data, which in ((base, "base"), (ours, "ours"), (theirs, "theirs"))
    ]
    (_, before), (head, mine), (_, others) = sides
    stages = three_way.merge(before, mine, others)
    conflicts = [name for name, stage in stages.items() if isinstance(stage, Conflict)]
    data = head + three_way.text(stages.values())
    # what stands after the last stage of one side must not swallow a stage of the other
    if stages and not conflicts and len(_names(data, "merged")) != len(stages):
        raise _malformed("merged", _MISPLACED)
    return Merged(data=data, conflicts=conflicts)


def without(data: bytes, stage: str) -> bytes:
    """A lock's bytes without one stage; every other byte stays.

    Raises
    ------
    CheckError
        It is not a lock as DVC writes it.
    """
    head, blocks = _split(data, "ours")
    return head + b"".join(block for name, block in blocks.items() if name != stage)


def replaced(data: bytes, stages: Mapping[str, bytes]) -> bytes:
    """A lock's bytes with other texts of stages, and new stages behind all others.

    Raises
    ------
    CheckError
        It is not a lock as DVC writes it.
    """
    head, blocks = _split(data, "ours")
    return head + b"".join({**blocks, **stages}.values())


def _split(data: bytes, which: str) -> tuple[bytes, dict[str, bytes]]:
    """Everything before the first stage, and the text of each stage by name."""
    # empty where there is no common ancestor, or a side without a lock
    names = _names(data, which) if data.strip() else set()
    if which != "base":
        _hold_names(names, which)
    if not names:
        return b"schema: '2.0'\nstages:\n", {}
    if not data.endswith(b"\n"):
        raise _malformed(which, "a last line without an end")
    starts = list(_STAGE.finditer(data))
    ends = [match.start() for match in starts[1:]] + [len(data)]
    blocks = {
        match[1].decode().strip("'\""): data[match.start() : end]
        for match, end in zip(starts, ends if starts else [], strict=True)
    }
    if names != set(blocks):
        raise _malformed(which, _MISPLACED)
    return data[: starts[0].start()], blocks


def _names(data: bytes, which: str) -> set[str]:
    """Names of the stages, as YAML has them."""
    try:
        stages = plain_yaml.load(data)["stages"]
    except ValueError as error:
        raise _malformed(which, " ".join(str(error).split())[:200]) from None
    except (KeyError, TypeError):
        raise _malformed(which, "no stages") from None
    # a key without a value is an empty text
    if stages and not isinstance(stages, dict):
        raise _malformed(which, "no stages")
    return set(stages or ())


def _hold_names(stages: Iterable[str], which: str) -> None:
    """Refuse names that no fixture has; of those that the base alone has, nothing stays."""
    for stage in sorted(stages):
        if stage.startswith(pins.STAGE):
            try:
                match_name(stage.removeprefix(pins.STAGE))
            except ValueError as error:
                raise _malformed(which, f"stage {stage}: {error}") from None


def _malformed(which: str, found: str) -> CheckError:
    return CheckError(
        f"dvc.lock ({which})",
        expected="a lock as DVC writes it",
        found=found,
        remedy="settle the conflict by hand, or take one side and run dvc repro: "
        "git checkout --ours dvc.lock",
    )
