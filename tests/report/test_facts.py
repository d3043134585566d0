"""Tests of `registry.report.facts`."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from registry import digests
from registry.errors import UsageError
from registry.report.facts import gather
from tests.kit.certificates import witness, write
from tests.kit.files import flip
from tests.report.kit import ENVELOPE, FOLDER, NAME, OTHER, UNBUILT, declare, repin, train

SOURCE = "build/sources/run1084_twin.npz"


def with_source(root, x=(1.0, 2.0, 3.0), **arrays):
    """Put a small source there, of which the fixture is then said to be cut."""
    path = root / SOURCE
    path.parent.mkdir(parents=True)
    np.savez(path, **(arrays or {"xcoords": np.array(x), "ycoords": np.array(x) + 1}))
    repin(root, NAME, source_sha256=digests.sha256(path.read_bytes()))
    return path


def test_a_good_fixture(root):
    """Every link holds, and there is something to draw."""
    (facts,) = gather(root, [NAME])
    assert (facts.name, facts.holds, facts.drawable) == (NAME, True, True)
    assert [link.name for link in facts.links] == [
        "lock -> sidecar", "params.yaml -> lock", "name -> version", "lock -> sidecar size",
        "schemas -> sidecar", "generator -> sidecar", "source generator -> sidecar",
        "sidecar -> bytes", "lock -> bytes", "bytes -> arrays",
    ], "not the whole chain"  # fmt: skip
    assert facts.record.subset_size == 16, "not its sidecar"
    assert (facts.missing, facts.deprecated, facts.runs) == (False, "", [])


def test_all_that_is_pinned_or_declared(root):
    """Without names there are the lock's fixtures in its order, then those never built."""
    declare(root, fixtures={UNBUILT: {}})
    found = gather(root, [])
    assert [facts.name for facts in found] == [NAME, OTHER, UNBUILT]


def test_neighbours(root):
    """Each knows the one before it and the one after it; who is at an end has none there."""
    declare(root, fixtures={UNBUILT: {}})
    found = [(facts.before, facts.after) for facts in gather(root, [])]
    assert found == [("", OTHER), (NAME, UNBUILT), (OTHER, "")]
    assert [(facts.before, facts.after) for facts in gather(root, [OTHER])] == [("", "")]


def test_meanings(root):
    """Arrays are called what the contract calls them, as long as the sidecar is the pinned one."""
    (facts,) = gather(root, [NAME])
    assert facts.meanings["probeGuess"] == "probe, in object pixels"
    assert facts.meanings["xcoords"] == "centre of each frame on the object: column, px"
    path = root / FOLDER / f"{NAME}.json"
    path.write_text(path.read_text().replace("CC0-1.0", "MIT"))
    (facts,) = gather(root, [NAME])
    assert facts.meanings == {}


OWN = """{"properties": {"diffraction": {"description": "what a schema says", "unit": "m"},
  "ycoords": {}}}"""


def test_meanings_from_a_schema(root):
    """Of a contract that is in no table they are the schema's, where that is the pinned one."""
    path = root / "schemas" / "mine_v1.schema.json"
    path.write_text(OWN)
    (facts,) = gather(root, [NAME])
    general = {name: sha for name, sha in facts.record.schemas.items() if "sidecar" in name}
    schemas = {**general, path.name: digests.sha256_file(path)}
    sidecar = root / FOLDER / f"{NAME}.json"
    document = json.loads(sidecar.read_bytes())
    del document["ptychography"]
    sidecar.write_text(json.dumps(document))
    repin(root, NAME, contract=path.name, schemas=schemas, field="mine", mine={})
    (facts,) = gather(root, [NAME])
    assert [link.detail for link in facts.broken] == [], "not a registry as it should be"
    assert facts.meanings == {"diffraction": "what a schema says, m"}
    path.write_text(OWN.replace("says", "says now"))
    (facts,) = gather(root, [NAME])
    assert facts.meanings == {}, "of a schema that was changed"


def test_criteria(root):
    """The anchors of what explains them are known, where the registry has it."""
    (facts,) = gather(root, [NAME])
    assert facts.criteria == ()
    explain(root)
    (facts,) = gather(root, [NAME])
    assert facts.criteria == ("own-match",)


def test_each_name_once(root):
    """A fixture that is asked for twice has one page."""
    assert [facts.name for facts in gather(root, [NAME, NAME])] == [NAME]


def test_an_unknown_name(root):
    """A name that is neither pinned nor declared is wrong use."""
    with pytest.raises(UsageError, match="fixture nope_v1"):
        gather(root, ["nope_v1"])


def test_a_fixture_that_was_never_built(root):
    """What is declared and not pinned is missing, and the message says how to build it."""
    declare(root, fixtures={UNBUILT: {}})
    (facts,) = gather(root, [UNBUILT])
    assert (facts.holds, facts.missing, facts.drawable, facts.pin) == (False, True, False, None)
    assert [link.name for link in facts.broken] == ["params.yaml -> lock"]
    assert f"to mend:  dvc repro fixture@{UNBUILT}" in facts.broken[0].detail


def test_changed_bytes(root):
    """Bytes that are not the sidecar's are not drawn; the sidecar is still what is pinned."""
    flip(root / FOLDER / f"{NAME}.npz")
    (facts,) = gather(root, [NAME])
    assert (facts.holds, facts.missing, facts.drawable) == (False, False, False)
    assert [link.name for link in facts.broken] == ["sidecar -> bytes"]
    assert facts.record.name == NAME, "the sidecar is the pinned one all the same"


def test_missing_bytes(root):
    """A fixture that was not pulled is missing and not broken."""
    (root / FOLDER / f"{NAME}.npz").unlink()
    (facts,) = gather(root, [NAME])
    assert (facts.holds, facts.missing, facts.drawable) == (False, True, False)


def test_a_changed_sidecar(root):
    """Of a sidecar that the lock disowns nothing is known."""
    path = root / FOLDER / f"{NAME}.json"
    path.write_text(path.read_text().replace("CC0-1.0", "MIT"))
    (facts,) = gather(root, [NAME])
    assert (facts.record, facts.drawable, facts.source) == (None, False, None)
    assert [link.name for link in facts.broken] == ["lock -> sidecar"]


def test_a_changed_generator(root):
    """Where another link is broken, the bytes are those of the sidecar and can be drawn."""
    with (root / "generators/subset_v1.py").open("a") as file:
        file.write("# changed\n")
    (facts,) = gather(root, [NAME])
    assert (facts.holds, facts.drawable) == (False, True)


def test_positions_of_the_source(root):
    """The source's positions come from the file whose SHA-256 the sidecar has."""
    with_source(root)
    (facts,) = gather(root, [NAME])
    assert (facts.source.path, facts.source.problem) == (SOURCE, "")
    assert facts.source.values == {"xcoords": [1.0, 2.0, 3.0], "ycoords": [2.0, 3.0, 4.0]}


def test_no_source(root):
    """A source that is not here is said to be absent."""
    (facts,) = gather(root, [NAME])
    assert facts.source.problem == "is not here (dvc repro builds it)"
    assert facts.source.values == {}, "positions of nothing"


def test_another_source(root):
    """Positions of another file than the one that the fixture was cut from are not shown."""
    flip(with_source(root))
    (facts,) = gather(root, [NAME])
    assert facts.source.problem.startswith("is another file: SHA-256 "), "not said"
    assert facts.source.values == {}, "its positions are shown"


def test_a_source_without_positions(root):
    """A source in another form keeps nothing else from being shown."""
    with_source(root, frames=np.zeros(3))
    (facts,) = gather(root, [NAME])
    assert facts.source.problem == "has no xcoords, ycoords that can be read"


def test_a_deprecated_fixture(root):
    """A deprecation in params.yaml is told."""
    declare(root, deprecated={NAME: {"reason": "too small"}})
    (facts,) = gather(root, [NAME])
    assert facts.deprecated == f"fixture {NAME} is deprecated: too small"


def test_the_same_digest_elsewhere(root, tmp_path):
    """A page's inputs do not depend on where the registry lies."""
    other = shutil.copytree(root, tmp_path / "elsewhere")
    digests = {gather(top, [NAME])[0].digest("program") for top in (root, other)}
    assert len(digests) == 1, "the path is among the inputs"


def change_bytes(root):
    """One bit of the fixture."""
    flip(root / FOLDER / f"{NAME}.npz")


def change_pin(root):
    """The sidecar and its pin."""
    repin(root, NAME, licence="MIT")


def deprecate(root):
    """A deprecation."""
    declare(root, deprecated={NAME: {"reason": "too small"}})


def retrain(root):
    """Losses of a training."""
    declare(root, envelope=ENVELOPE)
    train(root, NAME)


def bring_source(root):
    """A source file that was not there, and is not the right one."""
    (root / SOURCE).parent.mkdir(parents=True)
    (root / SOURCE).write_bytes(b"another")


def explain(root):
    """A page that explains a criterion."""
    (root / "docs").mkdir()
    (root / "docs" / "checks.md").write_text("# Own-match\n")


@pytest.mark.parametrize(
    "change", [change_bytes, change_pin, deprecate, retrain, bring_source, explain]
)
def test_another_digest_where_anything_changed(root, change):
    """Whatever a page shows is among its inputs."""
    (before,) = gather(root, [NAME])
    change(root)
    (after,) = gather(root, [NAME])
    assert after.digest("program") != before.digest("program"), "the old page would be kept"


def test_another_digest_beside_another_page(root):
    """A page leads to those beside it."""
    (alone,), (beside, _) = (gather(root, names) for names in ([NAME], [NAME, OTHER]))
    assert alone.digest("program") != beside.digest("program")


def test_another_digest_for_another_program(root):
    """A page made by another version of what makes pages is made anew."""
    (facts,) = gather(root, [NAME])
    assert facts.digest("one") != facts.digest("another")


def test_a_certificate(root):
    """Its lines are known where its link holds, and there alone; with one more a page is drawn."""
    (before,) = gather(root, [NAME])
    assert before.certificate == []
    path = write(root, NAME)
    (facts,) = gather(root, [NAME])
    assert facts.certificate == [witness(root, NAME)]
    assert facts.digest("") != before.digest("")
    path.write_text(path.read_text().replace('"content_sha256": "9', '"content_sha256": "8'))
    (facts,) = gather(root, [NAME])
    assert (facts.certificate, facts.drawable) == ([], True)
    assert [link.name for link in facts.broken] == ["certificate -> sidecar"]
