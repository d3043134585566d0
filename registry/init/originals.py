"""The files that a registry is laid out with: this repository's own, in a checkout or in the wheel.

None of them is kept twice. The wheel takes them from the repository when it is built, by the table
``force-include`` in ``pyproject.toml``.
"""

from __future__ import annotations

from pathlib import Path

from registry import field, files
from registry.build import closure, code
from registry.declare import generator_keys
from registry.identity import certificate, schema, sidecar

# The pipeline of every registry, the same byte for byte: what a field has of its own it gets from
# params.yaml.
PIPELINE = ("code/dvc.yaml", "dvc.yaml")
# A line in a file of this repository's, after which it says what holds in any registry.
MARK = b"# What follows is any registry's: fixtures init writes it.\n\n"
# A line in the hooks, after which they are this repository's own.
_OWN = b"\n# What follows is this repository's own: fixtures init does not write it.\n"
# Files of which every registry has what stands below the mark.
SHARED = (".dvcignore", ".gitattributes", ".gitignore")
CONFIG, OF_DVC, HOOKS = ".dvc/config", ".dvc/.gitignore", ".pre-commit-config.yaml"
FILES = (CONFIG, OF_DVC, HOOKS, *SHARED)
_IN_WHEEL = Path(__file__).parent / "laid_out"
_TEMPLATES = Path(__file__).parent / "templates"
# What every declaration, every sidecar and every certificate are held against.
_SCHEMAS = tuple(f"schemas/{name}" for name in (certificate.SCHEMA, schema.PARAMS, sidecar.SCHEMA))


def folder() -> Path:
    """Where they lie, each below its own path."""
    return _IN_WHEEL if _IN_WHEEL.is_dir() else Path(__file__).resolve().parents[2]


def read(path: str) -> bytes:
    """One of them, whole."""
    return files.read(folder() / path)


def shared(path: str) -> bytes:
    """What one of them says of any registry."""
    return read(path).partition(MARK)[2]


def hooks() -> str:
    """Hooks of pre-commit that every registry may have."""
    return read(HOOKS).partition(_OWN)[0].decode()


def configuration() -> str:
    """DVC's configuration, less the remote: where bytes are stored is each registry's own."""
    settings = read(CONFIG).decode().partition("['remote")[0]
    return settings.replace("    remote = local\n", "")


def template(name: str) -> str:
    """A file that its owner goes on writing."""
    return files.read(_TEMPLATES / name).decode()


def fields() -> list[str]:
    """The fields with which a registry can begin, the neutral one first."""
    named = {path.name.removesuffix(".params.yaml") for path in _TEMPLATES.glob("*.params.yaml")}
    return sorted(named, key=lambda name: (name != field.NEUTRAL, name))


def of_field(name: str) -> list[str]:
    """Paths of the generators that a field and the neutral one have, and of all schemas they name.

    What a generator imports is found as the stages find it, and what its schema refers to as well.
    """
    top = folder().resolve()
    generators = generator_keys.load(top)
    found = {f"{generator_keys.FOLDER}/__init__.py", *_SCHEMAS}
    for generator in (*generators.sources.values(), *generators.fixtures.values()):
        if generator.field not in (field.NEUTRAL, name):
            continue
        found.update(closure.blobs(top, generator.name))
        own = generator_keys.schema_path(top, generator.name)
        known = field.find(generator.field)
        named = [top / "schemas" / file for file in code.schemas(generator, known)]
        found.update(path.relative_to(top).as_posix() for path in schema.closure([own, *named]))
    return sorted(found)
