"""Rebuild fixtures in a scratch folder, and say for each array what became of it.

Neither the workspace nor the lock is touched. The generators run as DVC runs them: as programs of
their own, with the declared values as flags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from registry import digests, files, loading
from registry.build import scratch
from registry.build.scratch import Scratch
from registry.compare import array_difference
from registry.compare.array_difference import ArrayDifference
from registry.declare import params
from registry.declare.params import Params
from registry.errors import CheckError, MissingError, RegistryError
from registry.identity import foreign_npz
from registry.identity.pins import Pin


@dataclass(frozen=True, kw_only=True, slots=True)
class RebuiltArray:
    """What became of one array.

    ``verdict`` is one of ``identical``, ``container differs only``, ``within tolerance`` and
    ``different``; ``detail`` says how many values differ, and where.
    """

    array: str
    verdict: str
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether the pinned bytes came out again."""
        return self.verdict == "identical"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuilt:
    """Verdicts of one fixture; ``sidecar_same`` tells whether its text came out again, too.

    ``failure`` is the error's text, and ``exit_code`` its code, where it could not be rebuilt.
    """

    name: str
    arrays: list[RebuiltArray]
    sidecar_same: bool
    failure: str = ""
    exit_code: int = 0

    @property
    def good(self) -> bool:
        """Whether fixture and sidecar came out byte for byte."""
        return self.exit_code == 0


def regenerate(root: Path, pins: list[Pin]) -> list[Rebuilt]:
    """Rebuild fixtures and their sources, and hold them against those in the workspace.

    A fixture that cannot be rebuilt, because it is no longer declared, its source's file is not
    here, or its generator refuses, keeps none of the others from being rebuilt.

    Raises
    ------
    CheckError, MissingError
        ``params.yaml`` breaks a rule, or there is none.
    """
    declared = params.load(root)
    with scratch.scratch(root) as place:
        sources: dict[str, RegistryError | None] = {}
        return [_rebuild(place, pin, declared, sources) for pin in pins]


def compare(pinned: Path, rebuilt: Path, *, subject: str) -> list[RebuiltArray]:
    """Verdict on each array of two ``.npz`` files, the first of which any tool may have written."""
    before = foreign_npz.read(pinned, subject=subject)
    after = foreign_npz.read(rebuilt, subject=f"{subject}, rebuilt")
    verdicts = [
        _rebuilt_array(array_difference.compare(name, before.get(name), after.get(name)))
        for name in sorted({*before, *after})
    ]
    # Only where no array differs is it the container that makes the bytes differ.
    if all(verdict.good for verdict in verdicts) and digests.sha256_file(
        pinned
    ) != digests.sha256_file(rebuilt):
        return [replace(verdict, verdict="container differs only") for verdict in verdicts]
    return verdicts


def _rebuilt_array(found: ArrayDifference) -> RebuiltArray:
    """The same in one line; A is the pinned array, B the rebuilt one."""
    name = found.name
    if found.verdict == array_difference.IDENTICAL:
        return RebuiltArray(array=name, verdict="identical")
    if found.verdict in (array_difference.ONLY_A, array_difference.ONLY_B):
        where = "pinned" if found.verdict == array_difference.ONLY_A else "rebuilt"
        return _different(name, f"only in the {where} fixture")
    (dtype, rebuilt_dtype), (shape, rebuilt_shape) = found.dtypes, found.shapes
    if dtype != rebuilt_dtype:
        return _different(name, f"dtype {dtype} -> {rebuilt_dtype}")
    if shape != rebuilt_shape:
        return _different(name, f"shape {shape} -> {rebuilt_shape}")
    count = f"{found.differing} of {found.total} values, first at {found.first}"
    if found.largest_ulp is None:
        return _different(name, count)
    return RebuiltArray(
        array=name,
        verdict="within tolerance" if found.verdict == array_difference.ROUNDING else "different",
        detail=f"{count}; largest {found.largest_ulp:.0f} ULP at {found.worst}",
    )


def _different(name: str, detail: str) -> RebuiltArray:
    return RebuiltArray(array=name, verdict="different", detail=detail)


def _rebuild(
    place: Scratch, pin: Pin, declared: Params, sources: dict[str, RegistryError | None]
) -> Rebuilt:
    root, folder = place.root, place.folder
    try:
        # not healed from the cache, as a load would: nothing is touched here
        pinned = loading.read_workspace(root, pin, loading.read_sidecar(root, pin))
        _build(place, pin, declared, sources)
    except RegistryError as error:
        return Rebuilt(
            name=pin.name,
            arrays=[],
            sidecar_same=False,
            failure=str(error),
            exit_code=error.exit_code,
        )
    (folder / "pinned.npz").write_bytes(pinned)
    built = place.fixture(pin.name)
    arrays = compare(folder / "pinned.npz", built, subject=f"fixture {pin.name}")
    text = files.read(built.with_suffix(".json"))
    same = text == files.read(root / pin.sidecar_path)
    good = same and all(verdict.good for verdict in arrays)
    return Rebuilt(name=pin.name, arrays=arrays, sidecar_same=same, exit_code=0 if good else 1)


def _build(
    place: Scratch, pin: Pin, declared: Params, sources: dict[str, RegistryError | None]
) -> None:
    """Build a fixture in the scratch folder, and its source unless that was tried before."""
    entry = declared.fixtures.get(pin.name)
    if entry is None:
        raise CheckError(
            f"fixture {pin.name}",
            expected="an entry in params.yaml to rebuild it from",
            found="none",
            remedy="git checkout -- params.yaml, or name the fixtures to rebuild",
        )
    source = entry["source"]
    if source not in sources:
        try:
            _run(place, "source", source, declared.sources[source])
            sources[source] = None
        except RegistryError as error:
            sources[source] = error
    failure = sources[source]
    if failure is not None:
        raise failure
    _run(place, "fixture", pin.name, entry)


def _run(place: Scratch, kind: str, name: str, entry: Mapping[str, Any]) -> None:
    try:
        place.build(kind, name, entry)
    except RegistryError as failure:
        error = MissingError if isinstance(failure, MissingError) else CheckError
        raise error(
            f"{kind} {name}: rebuild",
            expected="its generator to build it again",
            found="\n            ".join(str(failure).splitlines()),
            remedy=f"dvc repro {kind}@{name} shows the same in place",
        ) from None
