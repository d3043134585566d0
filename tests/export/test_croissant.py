"""Tests of `registry.export.croissant`, with MLCommons' own package."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from registry import export
from registry.declare import params
from registry.declare.deprecation import Deprecation
from registry.declare.params import Creator, Dataset, Origin
from registry.errors import CheckError, MissingError
from registry.export import croissant
from tests.kit.repository import FOLDER

mlcroissant = pytest.importorskip("mlcroissant")
# of rdflib, by which mlcroissant reads JSON-LD
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

NAME = "minimal_dataset_v1_n16"
OURS = Creator(type="organization", name="Some contributors")
ADA = Creator(type="person", name="Ada Example", url="https://orcid.org/0000-0000-0000-0000")
DATASET = Dataset(name="Scans", description="Scans for tests.", version="1.2.0", creators=(OURS,))
CC0 = "https://spdx.org/licenses/CC0-1.0.html"


def issues(data: bytes, caplog) -> list[str]:
    """Errors and warnings of the validator, those that it only logs among them."""
    with caplog.at_level(logging.WARNING):
        try:
            found = mlcroissant.Dataset(json.loads(data)).metadata.ctx.issues
        except mlcroissant.ValidationError as error:
            return [str(error)]
    return [*map(str, found.errors), *map(str, found.warnings), *caplog.messages]


def of(item, **changes):
    """The document of one fixture whose sidecar has other fields."""
    changed = replace(item, record=replace(item.record, **changes))
    return croissant.describe([changed], DATASET, alone=True)


@pytest.mark.parametrize("alone", [True, False])
def test_the_validator_has_nothing_to_say(root, caplog, alone):
    """One fixture and all of them, with what this repository declares: no error, no warning."""
    fixtures = export.read(root, [NAME] if alone else [])
    data = croissant.encode(fixtures, params.load(root).dataset, alone=alone)
    assert issues(data, caplog) == [], "the validator complains"


def test_the_validator_accepts_all_that_can_be_declared(item, caplog):
    """So with every key of the section, several licences, makers, and words on a fixture."""
    dataset = replace(
        DATASET,
        url="https://example.org/scans",
        keywords=("one", "two"),
        creators=(OURS, ADA),
        sources={"other": Origin(creators=(ADA,), citation="A. Example (2026).")},
    )
    other = replace(
        item,
        record=replace(
            item.record,
            name="other_v1",
            licence="CC-BY-4.0",
            source_dataset="build/sources/other.npz",
            verdict="not checked",
            defect={"name": "transposed", "description": "Axes swapped.", "refused_by": ["x"]},
        ),
        pin=replace(item.pin, path="other_v1.npz", sidecar_path="other_v1.json"),
        deprecated=Deprecation(name="other_v1", reason="too small", successor=NAME),
    )
    data = croissant.encode([item, other], dataset, alone=False)
    assert issues(data, caplog) == [], "the validator complains"


@pytest.mark.parametrize(
    ("where", "key", "message"),
    [
        ((), "license", '"https://schema.org/license" is recommended'),
        (("@context",), "path", "`@context` is not standard"),
        (("distribution", 0), "sha256", "At least one of these properties should be defined"),
        (("recordSet", 0, "field", 0), "isArray", "but `is_array` is False"),
    ],
    ids=["warning", "logged", "file", "field"],
)
def test_the_validator_would_complain(item, caplog, where, key, message):
    """What the two tests above rest on: warnings, errors and what is only logged are seen."""
    document = json.loads(croissant.encode([item], DATASET, alone=True))
    part = document
    for step in where:
        part = part[step]
    del part[key]
    found = issues(json.dumps(document).encode(), caplog)
    assert message in "\n".join(found), "not what is missing"


def test_one_fixture(item):
    """Alone it has its own name and version, and the data's declared date, licence and maker."""
    document = croissant.describe([item], DATASET, alone=True)
    assert {key: document[key] for key in ("name", "version", "datePublished", "url")} == {
        "name": NAME,
        "version": "1.0.0",
        "datePublished": "2026-11-23T00:00:00+00:00",
        "url": "./",
    }, "not the fixture's"
    assert document["license"] == CC0, "not the licence's address"
    assert document["creator"] == {"@type": "sc:Organization", "name": "Some contributors"}
    assert document["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert document["description"] == (
        f"{NAME}: 16 positions of run1084_twin (evenly_spaced), made by generators/subset_v1.py; "
        "contract data_001_v1.schema.json. Scans for tests."
    ), "not what it is"


def test_all_fixtures(root):
    """Together they have the registry's name and version, and each its files and its record."""
    document = croissant.describe(export.read(root, []), DATASET, alone=False)
    assert (document["name"], document["version"]) == ("Scans", "1.2.0"), "not the registry's"
    assert [entry["@id"] for entry in document["distribution"]] == [
        f"{name}{suffix}" for name in ("minimal_dataset_v1", NAME) for suffix in (".npz", ".json")
    ], "not every file"
    assert [entry["@id"] for entry in document["recordSet"]] == ["minimal_dataset_v1", NAME]


def test_files_are_the_files(item, root):
    """Path, size and SHA-256 of each file are those that it has."""
    for entry in croissant.describe([item], DATASET, alone=True)["distribution"]:
        data = (root / entry["contentUrl"]).read_bytes()
        assert entry["sha256"] == hashlib.sha256(data).hexdigest(), entry["contentUrl"]
        assert entry["contentSize"] == f"{len(data)} B", entry["contentUrl"]


def test_where_it_comes_from(item):
    """Source and generator stand with the file, in the words of PROV-O."""
    file = croissant.describe([item], DATASET, alone=True)["distribution"][0]
    source = "26222ce6de940dad71e984d01148306667446079c6eaca5b110757831c501d7b"
    assert file["prov:wasDerivedFrom"]["prov:label"] == f"run1084_twin, SHA-256 {source}"
    assert file["prov:wasGeneratedBy"]["prov:label"] == (
        "generators/subset_v1.py, git blob:454b49f04cc661e237dfb6d79691d540db6e894d"
    ), "not the generator"


def test_fields_are_the_arrays(item, root):
    """Each array, read by numpy, has the shape and the type that its field says."""
    types = {"cr:Float32": "<f4", "cr:Float64": "<f8"}
    (records,) = croissant.describe([item], DATASET, alone=True)["recordSet"]
    with np.load(root / FOLDER / f"{NAME}.npz") as file:
        assert [field["name"] for field in records["field"]] == sorted(file.files)
        for field in records["field"]:
            array = file[field["name"]]
            if array.dtype.kind == "c":
                # as the description has it: real part, imaginary part
                array = np.stack([array.real, array.imag], axis=-1)
            shape = tuple(map(int, field["arrayShape"].split(",")))
            assert (array.shape, array.dtype.str) == (shape, types[field["dataType"]])
            assert field["isArray"] is True, field["name"]


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        ("data_001_v1.schema.json",
         "Diffraction frames; amplitudes: square roots of photon counts, normalised; "
         "position, row, column. dtype <f4, values from "),
        ("data_001_legacy_v1.schema.json",
         "Diffraction frames; amplitudes: square roots of photon counts, normalised; "
         "row, column, position. dtype <f4, values from "),
        ("data_001_intensity_v1.schema.json",
         "Diffraction frames; intensities: photon counts, where the noise is poisson; "
         "position, row, column. dtype <f4, values from "),
        ("other_v1.schema.json", "Diffraction. dtype <f4, values from "),
    ],
)  # fmt: skip
def test_what_frames_are(item, contract, said):
    """It follows from the contract; of one that is not known nothing but the name is claimed."""
    fields = of(item, contract=contract)["recordSet"][0]["field"]
    (frames,) = [field for field in fields if field["name"] == "diffraction"]
    assert frames["description"].startswith(said), "not these words"


def test_a_contract_of_somebody_elses(item, tmp_path):
    """Arrays of a contract that is not in the table are described as its schema does it."""
    (tmp_path / "mine_v1.schema.json").write_text(
        '{"properties": {"diffraction": {"description": "speckle patterns"}, "xcoords": {}}}'
    )
    changed = replace(
        item, record=replace(item.record, contract="mine_v1.schema.json"), schemas=tmp_path
    )
    fields = croissant.describe([changed], DATASET, alone=True)["recordSet"][0]["field"]
    said = {field["name"]: field["description"].partition(". dtype")[0] for field in fields}
    assert said["diffraction"] == "Speckle patterns", "not the schema's words"
    assert said["xcoords"] == "Centre of each frame on the object: column", "not those of DATA-001"
    assert said["probeGuess"] == "ProbeGuess", "something is claimed of what the schema lacks"


def test_a_coordinate(item):
    """Its values have a unit."""
    fields = croissant.describe([item], DATASET, alone=True)["recordSet"][0]["field"]
    (x,) = [field for field in fields if field["name"] == "xcoords"]
    assert x["description"].startswith("Centre of each frame on the object: column. dtype <f8, ")
    assert x["description"].endswith(" px."), "without a unit"


def test_a_complex_array(item):
    """Croissant has no complex numbers: pairs of floats, and the description says so."""
    fields = croissant.describe([item], DATASET, alone=True)["recordSet"][0]["field"]
    (probe,) = [field for field in fields if field["name"] == "probeGuess"]
    assert probe["arrayShape"] == "64,64,2", "not a pair for each value"
    said = "Probe, in object pixels; complex amplitude; row, column. dtype <c8, magnitudes from "
    assert probe["description"].startswith(said), "not what it is"
    assert probe["description"].endswith("Complex: the last axis is real part, imaginary.")


def test_a_dtype_without_a_name(item):
    """What the format cannot say is an error, not a guess."""
    arrays = {"a": {"dtype": "<f16", "shape": [1], "range": [0, 1]}}
    with pytest.raises(CheckError, match="array a\n  expected: a dtype that Croissant can express"):
        of(item, arrays=arrays)


# licences


@pytest.mark.parametrize(
    ("licence", "url"),
    [
        ("CC0-1.0", CC0),
        ("cc-by-4.0", "https://spdx.org/licenses/CC-BY-4.0.html"),
        ("https://example.org/terms", "https://example.org/terms"),
        ("not ours to publish", None),
        ("MIT OR CC0-1.0", None),
        ("LicenseRef-ours", None),
        ("https://example.org/a b", None),
        ("CC0", None),
    ],
)
def test_addresses_of_licences(licence, url):
    """One licence that SPDX lists, or an address, has one; anything else has none."""
    assert croissant.licence_url(licence) == url


def test_data_that_may_not_be_published(item):
    """A fixture without such a licence is refused; the message says how to export the others."""
    private = replace(item, record=replace(item.record, name="mine_v1", licence="not ours"))
    with pytest.raises(CheckError) as caught:
        croissant.describe([item, private], DATASET, alone=False)
    assert str(caught.value) == (
        "licence of mine_v1\n"
        "  expected: one SPDX licence identifier, such as CC0-1.0, or an https:// address: "
        "Croissant is for data that others may use\n"
        "  found:    'not ours'\n"
        f"  to mend:  export the others: fixtures export {NAME} --croissant; or, if the data have "
        "such a licence, declare it for their source in params.yaml, under a new version"
    ), "not the message"


def test_nothing_that_may_be_published(item):
    """Where no fixture is left, no command is offered."""
    with pytest.raises(CheckError, match="nothing here is for publication"):
        of(item, licence="not ours")


def test_several_licences(item):
    """Each file has its own, and the whole has all of them, each once."""
    other = replace(item, record=replace(item.record, name="other_v1", licence="MIT"))
    document = croissant.describe([item, other, item], DATASET, alone=False)
    mit = "https://spdx.org/licenses/MIT.html"
    assert document["license"] == [CC0, mit], "not each once"
    assert [entry["license"] for entry in document["distribution"]] == 2 * [CC0] + 2 * [mit] + 2 * [
        CC0
    ], "not each file's own"


# makers


def test_a_source_of_somebody_elses(item):
    """Data cut from a source have the source's maker, and cite what describes it."""
    origin = Origin(creators=(ADA,), citation="A. Example, On scans (2026).")
    dataset = replace(DATASET, sources={"run1084_twin": origin})
    document = croissant.describe([item], dataset, alone=True)
    ada = {"@type": "sc:Person", "name": ADA.name, "url": ADA.url}
    assert document["creator"] == ada, "not the source's maker"
    assert [entry["creator"] for entry in document["distribution"]] == [ada, ada]
    assert document["citation"] == "A. Example, On scans (2026).", "not cited"


def test_sources_of_several(item):
    """The whole has every maker, each once; each file has its own."""
    record = replace(item.record, name="other_v1", source_dataset="build/sources/other.npz")
    dataset = replace(DATASET, sources={"other": Origin(creators=(ADA, OURS))})
    document = croissant.describe([item, replace(item, record=record)], dataset, alone=False)
    assert [who["name"] for who in document["creator"]] == ["Some contributors", "Ada Example"]
    assert document["distribution"][0]["creator"]["name"] == "Some contributors"
    assert "citation" not in document, "a citation without a text"


def test_nobody_is_declared(item):
    """Without the section there is no document: nobody's name is made up."""
    with pytest.raises(MissingError, match=r"params\.yaml: dataset\n") as caught:
        croissant.describe([item], None, alone=True)
    assert caught.value.exit_code == 3, "not the exit code of what is missing"


def test_no_fixtures():
    """An empty registry has nothing to describe."""
    with pytest.raises(MissingError, match="to mend:  build the fixtures: dvc repro"):
        croissant.describe([], DATASET, alone=False)


# words


@pytest.mark.parametrize(
    ("verdict", "reason"), [("not checked", "no object"), ("undecided", "z = 1.3")]
)
def test_physics_in_doubt(item, verdict, reason):
    """A reader learns it from the description, and why."""
    found = of(item, verdict=verdict, reason=reason)["description"]
    assert f" Physics {verdict}: {reason}. " in found, "not told"


def test_wrong_on_purpose(item):
    """A planted defect is named wherever the fixture is described."""
    defect = {"name": "transposed", "description": "Axes swapped.", "refused_by": ["own-match"]}
    document = of(item, defect=defect)
    said = "Wrong on purpose (transposed): Axes swapped. Not for training."
    assert said in document["description"], "not in the dataset's"
    assert said in document["distribution"][0]["description"], "not in the file's"


def test_deprecated(item):
    """So is a version that should no longer be used, with its successor."""
    old = Deprecation(name=NAME, reason="too small", successor="minimal_dataset_v1")
    document = croissant.describe([replace(item, deprecated=old)], DATASET, alone=True)
    assert "Deprecated: too small; use minimal_dataset_v1." in document["description"]


def test_the_latest_date(item):
    """Several fixtures were published when the last of them was, whatever its offset from UTC."""
    late = replace(item, record=replace(item.record, created="2026-11-23T01:00:00-05:00"))
    early = replace(item, record=replace(item.record, created="2026-11-23T05:00:00Z"))
    document = croissant.describe([late, item, early], DATASET, alone=False)
    assert document["datePublished"] == "2026-11-23T01:00:00-05:00"


def test_a_citation(item):
    """BibTeX, with what TeX reads as commands escaped."""
    dataset = replace(DATASET, url="https://example.org/a", creators=(OURS, ADA))
    document = croissant.describe([item], dataset, alone=True)
    assert document["citeAs"] == (
        r"@misc{minimal-dataset-v1-n16, title = {minimal\_dataset\_v1\_n16}, "
        r"author = {{Some contributors} and Ada Example}, year = {2026}, version = {1.0.0}, "
        r"url = {https://example.org/a}, "
        f"note = {{SHA-256 {item.record.sha256_checksum}}}}}"
    ), "not the citation"


def test_tex():
    """Each special character has its own way out."""
    assert croissant._tex(r"a_b & 50% #1 ${x}$ ~^\ ") == (
        r"a\_b \& 50\% \#1 \$\{x\}\$ \textasciitilde{}\textasciicircum{}\textbackslash{} "
    )
