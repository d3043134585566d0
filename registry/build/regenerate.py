"""Rebuild fixtures in a scratch folder, and say for each array what became of it.

Neither the workspace nor the lock is touched. The generators run as DVC runs them: as programs of
their own, with the declared values as flags; or, where there is a cluster, those of fixtures run on
its workers.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from registry import digests, files, loading
from registry.build import record, scratch
from registry.build.plan import Stage
from registry.build.record import SourceRecord
from registry.build.scratch import Scratch
from registry.compare import array_difference
from registry.compare.array_difference import ArrayDifference
from registry.declare import params
from registry.declare.params import Params
from registry.errors import CheckError, MissingError, RegistryError
from registry.identity import foreign_npz
from registry.identity.pins import Pin

if TYPE_CHECKING:
    from registry.build.answer import Answer
    from registry.build.cluster import Cluster


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


def regenerate(root: Path, pins: list[Pin], cluster: Cluster | None = None) -> list[Rebuilt]:
    """Rebuild fixtures and their sources, and hold them against those in the workspace.

    On a cluster, where one is given, fixtures are built side by side. One that cannot be rebuilt,
    because it is no longer declared, its source's file is not here, or its generator refuses, keeps
    none of the others from being rebuilt.

    Raises
    ------
    CheckError, MissingError
        ``params.yaml`` breaks a rule, or there is none.
    """
    declared = params.load(root)
    with scratch.scratch(root) as place:
        builder = _Builder(place, declared, cluster)
        begun = [builder.begin(pin) for pin in pins]
        return [_rebuild(place, pin, end) for pin, end in zip(pins, begun, strict=True)]


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


def _rebuild(place: Scratch, pin: Pin, end: Callable[[], object]) -> Rebuilt:
    root, folder = place.root, place.folder
    try:
        # not healed from the cache, as a load would: nothing is touched here
        pinned = loading.read_workspace(root, pin, loading.read_sidecar(root, pin))
        end()
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


class _Builder:
    """Builds in a scratch folder: each source once, fixtures here or by a cluster."""

    def __init__(self, place: Scratch, declared: Params, cluster: Cluster | None) -> None:
        self._place, self._declared, self._cluster = place, declared, cluster
        self._sources: dict[str, RegistryError | None] = {}

    def begin(self, pin: Pin) -> Callable[[], object]:
        """Have a fixture built on a cluster; what waits for its end, or builds it here."""
        if self._cluster is None:
            return lambda: self._build(pin)
        try:
            source = self._source(pin)
            return self._asked(self._cluster, pin.name, record.read(source, self._place.folder))
        except RegistryError as error:
            return partial(_raise, error)

    def _build(self, pin: Pin) -> None:
        self._source(pin)
        entry = self._declared.fixtures[pin.name]
        with _told("fixture", pin.name):
            self._place.build("fixture", pin.name, entry)

    def _asked(self, cluster: Cluster, name: str, source: SourceRecord) -> Callable[[], object]:
        place = self._place
        built = place.fixture(name).relative_to(place.folder)
        words = scratch.flags(self._declared.fixtures[name], place.root)
        stage = Stage(
            kind="fixture",
            entry=name,
            command=shlex.join(["python", "-m", "registry.build.fixture",
                                built.with_suffix("").as_posix(), *words]),
            deps=(),
            outs=(built.with_suffix(".json").as_posix(), built.as_posix()),
            cached=frozenset(),
        )  # fmt: skip

        def take(found: Answer) -> None:
            contents = {place.folder / path: found.files[path] for path in stage.outs}
            files.write_together(contents)

        future = cluster.ask(stage, source, place.folder / source.path, take)

        def end() -> None:
            with _told("fixture", name):
                future.result()

        return end

    def _source(self, pin: Pin) -> str:
        """Build a fixture's source, unless that was tried before; its name."""
        entry = self._declared.fixtures.get(pin.name)
        if entry is None:
            raise CheckError(
                f"fixture {pin.name}",
                expected="an entry in params.yaml to rebuild it from",
                found="none",
                remedy="git checkout -- params.yaml, or name the fixtures to rebuild",
            )
        source: str = entry["source"]
        if source not in self._sources:
            try:
                with _told("source", source):
                    self._place.build("source", source, self._declared.sources[source])
                self._sources[source] = None
            except RegistryError as error:
                self._sources[source] = error
        failure = self._sources[source]
        if failure is not None:
            raise failure
        return source


def _raise(error: RegistryError) -> None:
    raise error


@contextmanager
def _told(kind: str, name: str) -> Iterator[None]:
    """Say of an error that it came while something was rebuilt."""
    try:
        yield
    except RegistryError as failure:
        error = MissingError if isinstance(failure, MissingError) else CheckError
        raise error(
            f"{kind} {name}: rebuild",
            expected="its generator to build it again",
            found="\n            ".join(str(failure).splitlines()),
            remedy=f"dvc repro {kind}@{name} shows the same in place",
        ) from None
