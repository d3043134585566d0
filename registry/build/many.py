"""Many stages at once: what is not up to date is built, and then the lock is written.

What is left is what ``dvc repro`` would have left: outputs, cache and lock, byte for byte.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from registry import console
from registry.build import code, lock, plan, readings
from registry.build.kept import MD5, Kept
from registry.build.lock import Entry, File
from registry.build.plan import Stage
from registry.declare import generator_keys
from registry.digests import md5
from registry.errors import CheckError, RegistryError, UsageError, perhaps
from registry.storage import cache, dvc_lock, ignored

if TYPE_CHECKING:
    from registry.build.work import Built

# A build of hours, killed, is to lose no more than this.
_WRITE_EVERY_S = 10.0

Submit = Callable[[Stage], "Future[Built]"]


@dataclass(kw_only=True, slots=True)
class Progress:
    """How far a build is: stages that are up to date or were built, failed, skipped, being built.

    ``failed`` has their errors, and ``skipped`` what each of them waited for in vain.
    """

    total: int = 0
    current: set[Stage] = field(default_factory=set)
    built: dict[Stage, str] = field(default_factory=dict)
    failed: dict[Stage, RegistryError] = field(default_factory=dict)
    skipped: dict[Stage, Stage] = field(default_factory=dict)
    running: dict[Future[Built], Stage] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """How many stages nothing more is to be done for."""
        return sum(map(len, self._ends))

    def has_ended(self, stage: Stage) -> bool:
        """Whether nothing more is to be done for a stage."""
        return any(stage in found for found in self._ends)

    @property
    def _ends(self) -> tuple[Collection[Stage], ...]:
        return self.current, self.built, self.failed, self.skipped


def build(
    root: Path,
    names: Sequence[str],
    submit: Submit,
    watch: Callable[[Progress, Stage | None], None],
    *,
    fail_fast: bool = False,
) -> Progress:
    """Build what is not up to date, each stage as soon as what it depends on is.

    Parameters
    ----------
    root : path
        The registry's top folder.
    names : sequence of str
        Fixtures and sources; what they are made of is built, too. None: all.
    submit : callable
        Has a stage built, and says by the future how that ended.
    watch : callable
        Is told of each stage that has ended, and, with none, that others have begun.
    fail_fast : bool
        Whether nothing more is begun once a stage has failed.

    Returns
    -------
    Progress
        Of its end; a stage that failed keeps none but those that need it from being built.

    Raises
    ------
    LockedError
        Another process of DVC is at work here.
    UsageError
        Nothing of that name is declared.
    RegistryError
        The declaration, or the lock, breaks a rule.
    """
    with dvc_lock.held(root):
        declared = code.write(root)
        made = File(md5=md5(code.MARK), size=len(code.MARK))
        own = Entry(command=code.COMMAND, deps={}, outs={code.VALID.as_posix(): made})
        if lock.read(root / code.HOME).get(code.STAGE) != own:
            lock.write(root / code.HOME, {code.STAGE: own})
        stages = plan.stages(root, declared)
        return _Build(root, stages, _chosen(stages, names), submit, watch, fail_fast).run()


def _chosen(stages: dict[str, Stage], names: Sequence[str]) -> set[Stage]:
    """Stages of that name, and those that they depend on."""
    by_name: dict[str, list[Stage]] = {}
    for stage in stages.values():
        by_name.setdefault(stage.entry, []).append(stage)
    for name in names:
        if name not in by_name:
            raise UsageError(
                f"build {name}",
                expected=f"a fixture or a source that params.yaml declares{perhaps(name, by_name)}",
                found="no such name",
                remedy="fixtures build without a name builds all; fixtures add declares a new one",
            )
    left = [stage for name in names or by_name for stage in by_name[name]]
    makers = _makers(stages.values())
    found: set[Stage] = set()
    while left:
        stage = left.pop()
        if stage not in found:
            found.add(stage)
            left += _needed(stage, makers)
    return found


def _makers(stages: Iterable[Stage]) -> dict[str, Stage]:
    return {path: stage for stage in stages for path in stage.outs}


def _needed(stage: Stage, makers: dict[str, Stage]) -> list[Stage]:
    return [makers[path] for path in stage.deps if path in makers]


class _Build:
    def __init__(
        self,
        root: Path,
        stages: dict[str, Stage],
        chosen: set[Stage],
        submit: Submit,
        watch: Callable[[Progress, Stage | None], None],
        fail_fast: bool,
    ) -> None:
        self._root, self._submit, self._watch, self._fail_fast = root, submit, watch, fail_fast
        self._stages = [stage for stage in stages.values() if stage in chosen]
        self._locked, self._cache = lock.read(root), cache.folder(root)
        self._kept = Kept(root / "build")
        self._inputs: dict[str, File] = {}
        self._new: dict[str, Entry] = {}
        self._progress = Progress(total=len(self._stages))
        makers = _makers(self._stages)
        self._waits = {stage: len(_needed(stage, makers)) for stage in self._stages}
        self._dependents: dict[Stage, list[Stage]] = {}
        for stage in self._stages:
            for needed in _needed(stage, makers):
                self._dependents.setdefault(needed, []).append(stage)

    def run(self) -> Progress:
        progress, written = self._progress, time.monotonic()
        try:
            for stage in [stage for stage in self._stages if not self._waits[stage]]:
                self._begin(stage)
            self._watch(progress, None)
            while progress.running:
                done, _ = wait(progress.running, _WRITE_EVERY_S, FIRST_COMPLETED)
                for future in done:
                    self._end(future)
                self._watch(progress, None)
                if time.monotonic() - written > _WRITE_EVERY_S:
                    self._write()
                    written = time.monotonic()
        except KeyboardInterrupt:
            # what has begun is waited for, and is not to be done again
            for future in [item for item in progress.running if not item.cancel()]:
                self._end(future, go_on=False)
            raise
        finally:
            self._write()
            self._kept.save()
        return progress

    def _begin(self, stage: Stage) -> None:
        """Have a stage built whose dependencies are there, if it is not up to date."""
        if self._is_current(stage):
            self._progress.current.add(stage)
            self._go_on(stage)
        else:
            self._progress.running[self._submit(stage)] = stage

    def _end(self, future: Future[Built], *, go_on: bool = True) -> None:
        stage = self._progress.running.pop(future)
        if future.cancelled():
            return
        error = future.exception()
        if error is None:
            built = future.result()
            deps = {path: self._input(path) for path in stage.deps}
            self._new[stage.name] = Entry(command=stage.command, deps=deps, outs=built.outs)
            self._progress.built[stage] = built.told
        elif isinstance(error, RegistryError | OSError):
            known = console.of_system(error) if isinstance(error, OSError) else error
            self._progress.failed[stage] = known
            self._skip(stage, stage)
            if self._fail_fast:
                for other in list(self._progress.running):
                    if other.cancel():
                        del self._progress.running[other]
        else:
            raise error
        self._watch(self._progress, stage)
        if go_on and error is None and not (self._fail_fast and self._progress.failed):
            self._go_on(stage)

    def _go_on(self, stage: Stage) -> None:
        for dependent in self._dependents.get(stage, ()):
            self._waits[dependent] -= 1
            if not self._waits[dependent]:
                self._begin(dependent)

    def _skip(self, stage: Stage, because_of: Stage) -> None:
        for dependent in self._dependents.get(stage, ()):
            if dependent not in self._progress.skipped:
                self._progress.skipped[dependent] = because_of
                self._skip(dependent, because_of)

    def _is_current(self, stage: Stage) -> bool:
        """Whether the lock says of a stage what there is, and the cache has what it should."""
        entry = self._locked.get(stage.name)
        if entry is None or entry.command != stage.command:
            return False
        if tuple(entry.deps) != stage.deps or tuple(entry.outs) != stage.outs:
            return False
        try:
            return (
                all(self._input(path).md5 == noted.md5 for path, noted in entry.deps.items())
                and all(self._md5(path) == noted.md5 for path, noted in entry.outs.items())
                and all(
                    cache.object_in(self._cache, entry.outs[path].md5).is_file()
                    for path in stage.cached
                )
            )
        except OSError:
            # one of them is not there
            return False

    def _input(self, path: str) -> File:
        if path not in self._inputs:
            size = (self._root / path).stat().st_size
            self._inputs[path] = File(md5=self._md5(path), size=size)
        return self._inputs[path]

    def _md5(self, path: str) -> str:
        return self._kept.digest(self._root / path, MD5)[0]

    def _write(self) -> None:
        """Write what was built into the lock, new stages in the order in which DVC builds them.

        So one that is new waits for those before it, and is written at the end at the latest: a
        build that is ended on the way and begun again leaves the same lock as one that is not.
        """
        progress, new, is_next = self._progress, {}, True
        for stage in self._stages:
            if stage in progress.built and (is_next or stage.name in self._locked):
                new[stage.name] = self._new[stage.name]
            is_next = is_next and progress.has_ended(stage)
        if new:
            self._hold_to_code()
            lock.write(self._root, new)
            ignored.ignore(
                self._root,
                (path for stage in self._stages if stage.name in new for path in stage.cached),
            )

    def _hold_to_code(self) -> None:
        """Refuse to pin what was built while the code changed that built it."""
        kept = readings.of_user()
        for path, noted in self._inputs.items():
            generator = Path(path)
            if generator.parent == code.FOLDER and generator != code.VALID:
                known = generator_keys.read(self._root, generator.name)
                if md5(code.text(self._root, known, kept).encode()) != noted.md5:
                    raise CheckError(
                        f"generator {generator.name}",
                        expected="its code to stay as it is while it is at work",
                        found="a change of it, or of what it imports",
                        remedy="run fixtures build again; nothing of what it built was pinned",
                    )
