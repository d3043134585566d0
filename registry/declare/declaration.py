"""What ``params.yaml`` declares of a fixture, held against what its sidecar says was declared.

DVC turns an entry into flags of a stage, and the stage records in the sidecar what it was given.
So an entry says the same as the record if each value is the same as text, or as a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from registry import files
from registry.declare import FILE, yaml_text
from registry.identity import plain_yaml, schema
from registry.identity.sidecar import Sidecar

# Of a source's entry these are fields of their own in a sidecar.
_APART = ("licence", "commit")
_LEVELS = 32
_Entries = Mapping[str, Mapping[str, Any]]


class Declaration:
    """The entries of a ``params.yaml``, as they are; its rules are `registry.declare.params`'s.

    Reading the file as DVC reads it takes longer than verifying what it declares. So entries are
    first compared as the texts that they are, and where those differ as what DVC reads.

    Attributes
    ----------
    fixtures, retired : mapping of str to mapping
        Entries by name, with what they merge; empty where the file has no such section.

    Raises
    ------
    CheckError
        It is not YAML; raised where the file has to be read as DVC reads it.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        try:
            self._take(plain_yaml.load(data))
            self._is_exact = False
        except ValueError:
            self._read_exactly()

    def _read_exactly(self) -> None:
        self._take(yaml_text.parse(self._data.decode(errors="replace")))
        self._is_exact = True

    def _take(self, document: object) -> None:
        self.fixtures = _section(document, "fixtures")
        self.retired = _section(document, "retired")
        self._sources = _section(document, "sources")

    def differences(self, record: Sidecar) -> list[str]:
        """What is declared of a fixture otherwise than its sidecar says, in words.

        Raises
        ------
        KeyError
            The fixture is not declared.
        """
        found = list(self._differences(record))
        if found and not self._is_exact:
            self._read_exactly()
            if record.name not in self.fixtures:
                # by a tag it is something else
                return ["its entry: expected a mapping, as DVC reads the file"]
            found = list(self._differences(record))
        return found

    def _differences(self, record: Sidecar) -> Iterator[str]:
        entry = self.fixtures[record.name]
        yield from self._of_fixture(entry, record)
        source = entry.get("source")
        of_source = self._sources.get(source) if isinstance(source, str) else None
        if of_source is None:
            yield f"source: {_shown(source)}, which is not declared"
        else:
            yield from (f"source {source}: {text}" for text in self._of_source(of_source, record))

    def _of_fixture(self, entry: Mapping[str, Any], record: Sidecar) -> Iterator[str]:
        yield from _differing("source", Path(record.source_dataset).stem, entry.get("source"))
        yield from _differing("created", record.created, entry.get("created"))
        rest = {key: value for key, value in entry.items() if key not in ("source", "created")}
        made_by = Path(record.generator_script).stem
        yield from self._values(rest, {"generator": made_by, **record.generator_parameters})

    def _of_source(self, entry: Mapping[str, Any], record: Sidecar) -> Iterator[str]:
        yield from _differing("licence", record.licence, entry.get("licence"))
        if "commit" in entry:
            yield from _differing("commit", record.source_commit, entry["commit"])
        yield from self._values(portable(entry), record.source_declaration)

    @staticmethod
    def _values(entry: Mapping[str, Any], recorded: Mapping[str, Any]) -> Iterator[str]:
        """Keys of which entry and record say different things; a switch that is off is none."""
        for key in dict.fromkeys([*recorded, *entry]):
            yield from _differing(key, recorded.get(key), entry.get(key))


def read(root: Path) -> Declaration | None:
    """The declaration of the registry at ``root``; None where there is none."""
    try:
        return Declaration(files.read(root / FILE))
    except FileNotFoundError:
        return None


def portable(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A source's declaration as it goes into sidecars: a file by its name, never by a path.

    A URL keeps neither a user's name nor a query, which may be a key.
    """
    kept = {key: value for key, value in declared.items() if key not in _APART}
    path, url = kept.get("path"), kept.get("url")
    if isinstance(path, str):
        kept["path"] = Path(path).name
    if isinstance(url, str):
        # what is no address has no parts to leave out, and no stage takes it
        with suppress(ValueError):
            parts = urlsplit(url)
            host = parts.netloc.rsplit("@")[-1]
            kept["url"] = urlunsplit((parts.scheme, host, parts.path, "", ""))
    return kept


def _section(document: object, name: str) -> _Entries:
    entries = document.get(name) if isinstance(document, dict) else None
    if not isinstance(entries, dict):
        return {}
    merged: dict[int, Mapping[str, Any]] = {}
    found = entries.items()
    return {str(key): _merged(entry, merged) for key, entry in found if isinstance(entry, dict)}


def _merged(
    entry: Mapping[str, Any], known: dict[int, Mapping[str, Any]], level: int = 0
) -> Mapping[str, Any]:
    """An entry with what it merges by YAML's key ``<<``, which plain text keeps as a key.

    Each is merged once, whatever merges it, and merges of merges up to a level that nobody writes:
    what is beyond differs from every record, and is then read as DVC reads it.
    """
    if "<<" not in entry or level > _LEVELS:
        return entry
    if id(entry) not in known:
        found = {key: value for key, value in entry.items() if key != "<<"}
        merged = entry["<<"]
        for other in merged if isinstance(merged, list) else [merged]:
            if isinstance(other, dict):
                found = {**_merged(other, known, level + 1), **found}
        known[id(entry)] = found
    return known[id(entry)]


def _same(recorded: Any, declared: Any) -> bool:
    """Whether a value says what was recorded: a number or a switch, too, where it is a text."""
    if recorded in (None, False) and declared is None:
        return True
    if isinstance(recorded, bool):
        return recorded == (declared in (True, "true"))
    if isinstance(recorded, (int, float)) and isinstance(declared, (str, int, float)):
        try:
            return type(recorded)(str(declared)) == recorded
        except ValueError:
            return False
    return bool(recorded == declared)


def _differing(key: str, recorded: Any, declared: Any) -> Iterator[str]:
    if not _same(recorded, declared):
        yield f"{key}: {_shown(recorded)} -> {_shown(declared)}"


def _shown(value: Any) -> str:
    return "none" if value is None else schema.shown(value)
