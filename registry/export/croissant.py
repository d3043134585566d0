"""Croissant 1.1 metadata, which dataset search engines and machine learning frameworks read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from registry import field
from registry.contract import Contract
from registry.declare import FILE
from registry.declare.params import Creator, Dataset
from registry.errors import CheckError, MissingError
from registry.export import Published

VERSION = "http://mlcommons.org/croissant/1.1"
# Neither .npy nor .npz has a registered media type; this document defines both.
NUMPY_FORMAT = "https://numpy.org/neps/nep-0001-npy-format.html"
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
# Kinds and sizes of dtypes that Croissant has names for; complex numbers are pairs of floats.
_TYPES = {
    "f2": "cr:Float16", "f4": "cr:Float32", "f8": "cr:Float64",
    "i1": "cr:Int8", "i2": "cr:Int16", "i4": "cr:Int32", "i8": "cr:Int64",
    "u1": "cr:UInt8", "u2": "cr:UInt16", "u4": "cr:UInt32", "u8": "cr:UInt64",
    "b1": "sc:Boolean",
    "c8": "cr:Float32", "c16": "cr:Float64",
}  # fmt: skip


def encode(fixtures: Sequence[Published], dataset: Dataset | None, *, alone: bool) -> bytes:
    """A Croissant document as text: JSON, two spaces of indent, ASCII.

    Parameters
    ----------
    fixtures : sequence of Published
        What the document describes; at least one.
    dataset : Dataset or None
        The section ``dataset`` of ``params.yaml``.
    alone : bool
        Whether the document is of one fixture, under that fixture's own name and version, and not
        of the registry.

    Raises
    ------
    MissingError
        Nothing is pinned, or there is no section ``dataset``.
    CheckError
        The licence of a fixture's data has no address.
    """
    document = describe(fixtures, dataset, alone=alone)
    return (json.dumps(document, indent=2) + "\n").encode()


def describe(
    fixtures: Sequence[Published], dataset: Dataset | None, *, alone: bool
) -> dict[str, Any]:
    """The same as JSON values."""
    if not fixtures:
        raise MissingError(
            "export",
            expected="a pinned fixture",
            found="none",
            remedy="build the fixtures: dvc repro",
        )
    if dataset is None:
        raise MissingError(
            f"{FILE}: dataset",
            expected="a section that says who made the data: name, description, version, creators",
            found="none",
            remedy=f"add it to {FILE}; docs/export.md has an example",
        )
    licences = _licences(fixtures)
    names = ", ".join(item.record.name for item in fixtures)
    name, version, description = (
        dataset.name,
        dataset.version,
        f"{dataset.description} Fixtures: {names}.",
    )
    if alone:
        (item,) = fixtures
        name = item.record.name
        # a published version never changes, so there is no minor one
        version = f"{item.record.version.removeprefix('v')}.0.0"
        description = f"{_about(item)} {dataset.description}"
    creators = list(
        dict.fromkeys(who for item in fixtures for who in _creators(dataset, item.source))
    )
    published = max((item.record.created for item in fixtures), key=_instant)
    citations = [
        origin.citation
        for source in dict.fromkeys(item.source for item in fixtures)
        if (origin := dataset.sources.get(source)) and origin.citation
    ]
    document: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": name,
        "description": description,
        "version": version,
        "datePublished": published,
        # without an address of its own, what lies around the document
        "url": dataset.url or "./",
        "license": _one_or_many(list(dict.fromkeys(licences.values()))),
        "creator": _one_or_many([_agent(who) for who in creators]),
        "citeAs": _bibtex(name, version, published, creators, dataset, fixtures),
    }
    if citations:
        document["citation"] = _one_or_many(citations)
    if dataset.keywords:
        document["keywords"] = list(dataset.keywords)
    document["distribution"] = [
        file
        for item in fixtures
        for file in _files(item, licences[item.record.name], _creators(dataset, item.source))
    ]
    document["recordSet"] = [_record_set(item) for item in fixtures]
    return document


def licence_url(licence: str) -> str | None:
    """Address of a licence: the page that SPDX has of its identifier, or itself if it is one.

    >>> licence_url("cc-by-4.0")
    'https://spdx.org/licenses/CC-BY-4.0.html'
    >>> licence_url("https://example.org/terms")
    'https://example.org/terms'
    >>> licence_url("not ours to publish")
    """
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if re.fullmatch(r"https?://\S+", licence):
        return licence
    try:
        found = canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        return None
    # an expression of several licences has no page, and one that is nobody else's none either
    if " " in found or found.startswith("LicenseRef-"):
        return None
    return f"https://spdx.org/licenses/{found}.html"


def _licences(fixtures: Sequence[Published]) -> dict[str, str]:
    """Address of each fixture's licence."""
    found = {item.record.name: licence_url(item.record.licence) for item in fixtures}
    without = [item.record for item in fixtures if found[item.record.name] is None]
    if without:
        others = [name for name, url in found.items() if url is not None]
        remedy = (
            f"export the others: fixtures export {' '.join(others)} --croissant"
            if others
            else "nothing here is for publication"
        )
        raise CheckError(
            f"licence of {', '.join(record.name for record in without)}",
            expected="one SPDX licence identifier, such as CC0-1.0, or an https:// address: "
            "Croissant is for data that others may use",
            found=", ".join(dict.fromkeys(repr(record.licence) for record in without)),
            remedy=f"{remedy}; or, if the data have such a licence, declare it for their source in "
            f"{FILE}, under a new version",
        )
    return {name: url for name, url in found.items() if url is not None}


def _creators(dataset: Dataset, source: str) -> tuple[Creator, ...]:
    """Who made a source: whom the declaration names for it, else the registry's own."""
    origin = dataset.sources.get(source)
    return origin.creators if origin else dataset.creators


def _agent(creator: Creator) -> dict[str, str]:
    found = {"@type": f"sc:{creator.type.capitalize()}", "name": creator.name}
    return {**found, "url": creator.url} if creator.url else found


def _about(item: Published) -> str:
    """What a fixture is, in a few sentences that follow from its sidecar."""
    record = item.record
    cut = f"of {item.source}"
    if record.subset_size:
        rows = f"{record.subset_size} {field.of(record.field).row}s"
        cut = f"{rows} {cut} ({record.subset_strategy})"
    sentences = [
        f"{record.name}: {cut}, made by {record.generator_script}; contract {record.contract}."
    ]
    if record.doubt:
        subject = field.of(record.field).subject.capitalize()
        sentences.append(f"{subject} {record.verdict}: {record.doubt}.")
    if record.defect is not None:
        name, told = record.defect["name"], record.defect["description"]
        sentences.append(f"Wrong on purpose ({name}): {told.rstrip('.')}. Not for training.")
    if item.deprecated is not None:
        sentences.append(f"Deprecated: {str(item.deprecated).partition(': ')[2]}.")
    return " ".join(sentences)


def _contract(item: Published) -> Contract:
    return field.of(item.record.field).contract(item.record.contract, item.schemas)


def _files(item: Published, licence: str, creators: Iterable[Creator]) -> list[dict[str, Any]]:
    """The fixture's file and its sidecar."""
    record, pin = item.record, item.pin
    terms = {"license": licence, "creator": _one_or_many([_agent(who) for who in creators])}
    archive: dict[str, Any] = {
        "@type": "cr:FileObject",
        "@id": item.file,
        "name": item.file,
        "description": _about(item),
        "contentUrl": pin.path,
        "contentSize": f"{record.size} B",
        "encodingFormat": ["application/zip", NUMPY_FORMAT],
        "sha256": record.sha256_checksum,
        **terms,
        "prov:wasDerivedFrom": {
            "@type": "prov:Entity",
            "prov:label": f"{item.source}, SHA-256 {record.source_sha256}",
        },
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": f"{record.generator_script}, git {record.generator_commit}",
        },
    }
    text = {
        "@type": "cr:FileObject",
        "@id": item.sidecar_file,
        "name": item.sidecar_file,
        "description": f"Record of {item.file}: identity, source, generator, transformations, "
        "arrays, checks.",
        "contentUrl": pin.sidecar_path,
        "contentSize": f"{pin.sidecar_size} B",
        "encodingFormat": "application/json",
        "sha256": item.sidecar_sha256,
        **terms,
    }
    return [archive, text]


def _record_set(item: Published) -> dict[str, Any]:
    """One record with a field for each array.

    Croissant has no way to say which member of an archive a field is, nor that an axis counts
    records: the field's name is the member's, and what the axes mean is told in words.
    """
    name = item.record.name
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"The arrays of {item.file}, as one record. The field NAME is the array of "
        "the member NAME.npy.",
        "field": [_field(item, array) for array in item.record.arrays],
    }


def _field(item: Published, name: str) -> dict[str, Any]:
    record = item.record.arrays[name]
    dtype, shape, (low, high) = record["dtype"], list(record["shape"]), record["range"]
    kind = dtype.lstrip("<>|=")
    if kind not in _TYPES:
        raise CheckError(
            f"fixture {item.record.name}: array {name}",
            expected=f"a dtype that Croissant can express: {', '.join(_TYPES)}",
            found=dtype,
            remedy="export the other fixtures by their names",
        )
    array = _contract(item)[name]
    parts = [array.meaning, array.quantity]
    if len(shape) > 1 and len(shape) in array.numbers_of_axes:
        parts.append(array.axes_in_words)
    said = "; ".join(filter(None, parts)) + f". dtype {dtype}, "
    unit = f" {array.unit}" if array.unit else ""
    if kind[0] == "c":
        shape.append(2)
        said += f"magnitudes from {low} to {high}. Complex: the last axis is real part, imaginary."
    else:
        said += f"values from {low} to {high}{unit}."
    return {
        "@type": "cr:Field",
        "@id": f"{item.record.name}/{name}",
        "name": name,
        "description": said[0].upper() + said[1:],
        "dataType": _TYPES[kind],
        # a single value is none
        **({"isArray": True, "arrayShape": ",".join(map(str, shape))} if shape else {}),
        "source": {"fileObject": {"@id": item.file}},
    }


def _one_or_many(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


def _instant(created: str) -> Any:
    """For comparison: instants are written with different offsets from UTC."""
    from datetime import datetime

    return datetime.fromisoformat(created)


def _bibtex(
    name: str,
    version: str,
    published: str,
    creators: Iterable[Creator],
    dataset: Dataset,
    fixtures: Sequence[Published],
) -> str:
    """A citation of the data in BibTeX."""
    key = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()
    entries = {
        "title": _tex(name),
        # braces keep an organization from being read as first and last name
        "author": " and ".join(
            _tex(who.name) if who.type == "person" else f"{{{_tex(who.name)}}}" for who in creators
        ),
        "year": published[:4],
        "version": version,
    }
    if dataset.url:
        entries["url"] = dataset.url
    if len(fixtures) == 1:
        entries["note"] = f"SHA-256 {fixtures[0].record.sha256_checksum}"
    body = ", ".join(f"{field} = {{{text}}}" for field, text in entries.items())
    return f"@misc{{{key}, {body}}}"


def _tex(text: str) -> str:
    """Text with TeX's special characters escaped."""
    known = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return re.sub(r"[\\{}$&#%_~^]", lambda match: known.get(match[0], rf"\{match[0]}"), text)
