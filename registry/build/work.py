"""What a worker does: build a stage's outputs in a process that is warm, and store them."""

from __future__ import annotations

import contextlib
import io
import shutil
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from registry import digests, files
from registry.build import fixture, record, source, stage
from registry.build.lock import File
from registry.build.plan import Stage
from registry.build.record import SourceRecord
from registry.build.source_file import SourceFile
from registry.build.stage import Request
from registry.declare import generator_keys
from registry.errors import CheckError, MissingError, RegistryError
from registry.storage import cache


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """What became of a stage: its outputs by path, and what its program would have printed."""

    outs: Mapping[str, File]
    told: str


def build(wanted: Stage) -> Built:
    """Build a stage's outputs in the working directory, which is the registry's top folder.

    Raises
    ------
    RegistryError
        As the stage's own program does; what is in the outputs' places stays there.
    """
    with told(wanted) as said:
        if wanted.kind == generator_keys.SOURCE:
            source.main(wanted.argv)
        else:
            made = fixture.make(request := parse(wanted), opened(request))
            files.write_together(made.contents)
            print(made.told)
    return store(wanted, said.getvalue())


@contextlib.contextmanager
def told(wanted: Stage) -> Iterator[io.StringIO]:
    """Take what a generator prints, which belongs to its own stage; and what is wrong with it.

    Raises
    ------
    MissingError
        There is too little memory.
    CheckError
        For whatever a generator raises and ought not to.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            yield said
    except (RegistryError, OSError):
        raise
    except MemoryError:
        raise MissingError(
            str(wanted),
            expected="the memory that its generator and its checks need",
            found="less",
            remedy=f"fixtures build --jobs 1 {wanted.entry}, which gives it all that there is; or "
            "free some",
        ) from None
    except Exception as error:
        raise CheckError(
            str(wanted),
            expected="its generator to build it",
            found="\n            ".join(traceback.format_exc().splitlines()),
            remedy="correct the generator, or what it is given",
        ) from error


def parse(wanted: Stage) -> Request:
    """What a fixture's stage is asked for."""
    return stage.parse(wanted.argv, generator_keys.FIXTURE)


# The last one: fixtures of a source are built one after the other, and a source may be large.
_opened: list[tuple[SourceRecord, str, SourceFile]] = []


def opened(request: Request) -> SourceFile:
    """The source of a requested fixture, read once for as many as follow."""
    declared, known = record.read(request.params["source"]), request.generator.field
    if not (_opened and _opened[0][:2] == (declared, known)):
        _opened[:] = [(declared, known, fixture.opened(request))]
    return _opened[0][2]


def store(wanted: Stage, said: str, root: Path = Path()) -> Built:
    """Put outputs that are in place into DVC's cache, as far as DVC would; what they are."""
    outs = {}
    for name in wanted.outs:
        path = root / name
        found = outs[name] = File(md5=digests.md5_file(path), size=path.stat().st_size)
        if name in wanted.cached and not cache.has(root, found.md5):
            with files.open_regular(path) as file:
                cache.put(root, found.md5, partial(shutil.copyfileobj, file))
    return Built(outs=outs, told=said)
