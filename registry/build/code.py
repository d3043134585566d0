"""Code identity: what code and which schemas can reach a byte or a verdict of a generator's stage.

Nothing is listed by hand. From the stage's runner and the generator all imports are followed, as
they stand in the text, and the schemas are those that the generator and a sidecar name. Each
generator that is declared gets one file, ``build/code/GENERATOR``, with a line for each file that
counts; DVC's stages depend on it, and so run again when something of that changes, and never for
anything else.

Files of ``generators/`` and schemas count byte for byte, because a sidecar names their digests. A
module of this package counts by what it does: comments, docstrings and the words of errors do not,
and neither does a module that says of itself ``WORDS_ONLY``. A generator's imports must stand in
its text as such, because one that is computed cannot be followed.

Run as a program, this is the stage before all others. DVC pastes names from ``params.yaml`` into
shell commands and paths, so the declaration is held against its rules first, in every run.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from registry import console, field, files
from registry.build import closure, readings
from registry.build.closure import GENERATORS, Reader
from registry.declare import generator_keys, params
from registry.declare.generator_keys import Generator
from registry.declare.params import Params
from registry.field import Field
from registry.identity import schema, sidecar

FOLDER = Path("build/code")
# The dependency of all stages that no value in params.yaml can lead away from here; never another.
VALID, MARK = FOLDER / "valid", b"params.yaml satisfies its schema\n"


# The stage as DVC has it, in a pipeline of its own.
HOME, STAGE, COMMAND = Path("code"), "code", "python -m registry.build.code"


def main() -> int:
    declared = write(Path())
    print(f"params.yaml: {declared.summary}")
    return 0


def write(root: Path) -> Params:
    """Hold the declaration against its rules, and write what code can reach each generator's bytes.

    Raises
    ------
    MissingError, CheckError
        As `registry.declare.params.load` does; or a generator's imports cannot be followed.
    """
    declared = params.load(root)
    known = generator_keys.load(root)
    wanted = {
        entry["generator"] for entry in (*declared.sources.values(), *declared.fixtures.values())
    }
    generators = {**known.sources, **known.fixtures}
    kept = readings.of_user()
    contents = {
        root / FOLDER / name: text(root, generators[name], kept).encode() for name in sorted(wanted)
    }
    kept.keep()
    contents[root / VALID] = MARK
    for path in (root / FOLDER).glob("*"):
        if path not in contents:
            path.unlink()
    for path, data in contents.items():
        if not (path.is_file() and files.read(path) == data):
            files.write_atomic(path, data)
    return declared


def text(root: Path, generator: Generator, reader: Reader | None = None) -> str:
    """Digest and path of each file that can reach what a generator's stage makes, in lines.

    What a module says is asked of `reader`, where there is one.
    """
    entries = [f"registry.build.{generator.kind}", f"{GENERATORS}.{generator.name}"]
    known = field.find(generator.field, root)
    if generator.kind == generator_keys.FIXTURE:
        entries.append(field.module(generator.field, root))
    elif generator.opens:
        entries.append(known.readers)
    elif known.rules:
        entries.append(known.rules)
    own = generator_keys.schema_path(root, generator.name)
    named = [root / "schemas" / file for file in schemas(generator, known)]
    digests = {
        path.relative_to(root.resolve()).as_posix(): schema.digest(path)
        for path in schema.closure([own, *named])
    }
    return closure.text(root, entries, reader) + closure.lines(digests)


def schemas(generator: Generator, known: Field) -> tuple[str, ...]:
    """Files of the schemas that what a generator makes is held against."""
    if generator.kind == generator_keys.SOURCE:
        return ()
    return (sidecar.SCHEMA, *filter(None, [known.schema]), *generator.contracts)


if __name__ == "__main__":
    # hardly anything that a run makes is garbage, and it ends soon: looking for some takes time
    gc.disable()
    sys.exit(console.run(main))
