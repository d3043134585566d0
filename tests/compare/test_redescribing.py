"""Tests of `registry.compare.redescribing`, through what `published` finds.

A sidecar may move to a newer schema, and changes in nothing else.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from registry.errors import ChainError
from tests.compare.kit import commit, errors, lock, stage
from tests.kit.processes import git
from tests.kit.repository import FOLDER, REPOSITORY

NAME = "minimal_dataset_v1_n16"
# as it was published, in a format of before this one; its text in full
OLD = Path(__file__).with_name("sidecar_v1.json").read_bytes()
# the same fixture's today
NEW = (REPOSITORY / FOLDER / f"{NAME}.json").read_bytes()
NOT_NEWER = "sidecar schemas, none of which is newer"
SIDECAR = f"data/{NAME}.json"


def later(**changes) -> dict:
    """Today's sidecar, some of its fields changed, as a format after this one would have it."""
    document = {**json.loads(NEW), **changes}
    document["schemas"]["sidecar_v4.schema.json"] = "4" * 64
    del document["schemas"]["sidecar_v3.schema.json"]
    return document


@pytest.fixture
def published_with(repository):
    """Publish a sidecar of these bytes; then, the errors where today's is another one."""

    def put(sidecar) -> None:
        data = sidecar if isinstance(sidecar, bytes) else json.dumps(sidecar).encode()
        (repository / "data").mkdir(exist_ok=True)
        (repository / SIDECAR).write_bytes(data)
        (repository / "dvc.lock").write_text(
            lock(stage(NAME, sidecar=hashlib.md5(data).hexdigest()))
        )

    def publish(sidecar):
        put(sidecar)
        commit(repository)

        def describe(other) -> str:
            """What is wrong with another sidecar, if anything is."""
            put(other)
            found = errors(repository, "HEAD")
            assert len(found) < 2, "one change is told twice"
            return found[0].found if found else ""

        return describe

    return publish


def test_a_description_in_a_newer_format(published_with):
    """A published sidecar may say in a newer format what it said, and more."""
    describe = published_with(OLD)
    assert describe(NEW) == "", "today's is refused for the one of then"
    document = json.loads(NEW)
    document["checks"]["sharpness"] = 3.5
    assert describe(document) == "", "a figure was added"
    del document["checks"]["scale"]
    assert describe(document) == "", "a figure is said elsewhere, or not any more"
    assert describe(OLD) == "", "nothing changed"


def test_a_description_in_a_format_after_this(published_with):
    """So it will be with today's."""
    describe = published_with(NEW)
    assert describe(later()) == "", "a later format is refused"
    assert describe(later(mood="good")) == "", "a field that is new is refused"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m["found"].update(new_one=["scale"]), ""),
        (lambda m: m["missed"].append("new_one"), ""),
        (lambda m: m["found"].pop("drift"), ""),
        (lambda m: m["found"].update(drift=["distinct"]), "sidecar mistakes.drift"),
        (lambda m: m["none"].append(m["found"].popitem()[0]), "sidecar mistakes.y_plus_8px"),
        (lambda m: m["smallest"].update(x=0.5), "sidecar mistakes.smallest.x"),
    ],
    ids=["found", "missed", "not-planted", "found-otherwise", "none", "smallest"],
)  # fmt: skip
def test_planted_mistakes_of_a_later_suite(published_with, change, said):
    """A later suite may plant others; of those that both plant it says the same."""
    document = later()
    change(document["mistakes"])
    assert published_with(NEW)(document) == said


CHANGED = {
    "name": "other_v1",
    "version": "v2",
    "created": "2026-11-24T00:00:00+00:00",
    "licence": "MIT",
    "generator_script": "generators/legacy_v1.py",
    "generator_commit": "blob:" + "0" * 40,
    "generator_helpers": {},
    "generator_parameters": {"n_subset": 16},
    "source_dataset": "build/sources/other.npz",
    "source_sha256": "0" * 64,
    "source_commit": "0" * 40,
    "source_generators": {},
    "source_declaration": {"generator": "simulate_v1", "seed": 1085},
    "subset_strategy": "first",
    "subset_size": 17,
    "subset_indices": [0, 1],
    "transformations": ["none"],
    "sha256_checksum": "0" * 64,
    "content_sha256": "0" * 64,
    "size": 970_037,
    "arrays": {},
}
# Equal in Python, and not the same in JSON: what is there, and what to put in its place.
LOOKALIKES = [
    ("subset_size", 1, True),
    ("size", 970_036, 970_036.0),
    ("generator_parameters", {"n_subset": 1}, {"n_subset": True}),
    ("subset_indices", [0, 1], [False, 1]),
    ("arrays", {"a": {"range": [0, 1]}}, {"a": {"range": [0.0, 1]}}),
]


@pytest.mark.parametrize("again", [lambda new: new, lambda new: later(**new)])
@pytest.mark.parametrize(("field", "before", "after"), LOOKALIKES)
def test_values_that_only_python_takes_for_the_same(published_with, field, before, after, again):
    """What a sidecar says is its JSON, in which 1 is neither 1.0 nor true."""
    document = json.loads(NEW)
    describe = published_with({**document, field: before})
    assert describe(again({**document, field: after})) == f"sidecar {field}", "taken for the same"


def test_a_figure_that_only_python_takes_for_the_same(published_with):
    """So are the figures of checks."""
    describe = published_with(NEW)
    checks = {**json.loads(NEW)["checks"], "scale": 1}
    assert describe(later(checks=checks)) == "sidecar checks.scale", "1.0 became 1"


@pytest.mark.parametrize(("figure", "value"), [("noise", "none"), ("photon_scale", 2000.5)])
def test_a_figure_that_moved(published_with, figure, value):
    """A figure that stands elsewhere in a newer format still says the same, or is named."""
    describe = published_with(OLD)
    document = json.loads(NEW)
    document["ptychography"][figure] = value
    assert describe(document) == f"sidecar ptychography.{figure}", "a change on the way"
    describe = published_with(NEW)
    moved = later()
    moved["checks"] = {**moved["checks"], **moved.pop("ptychography"), figure: value}
    assert describe(moved) == f"sidecar checks.{figure}", "a change on the way back"


DECLARED = [
    name
    for name in CHANGED
    if name.startswith(("created", "licence", "generator_", "source_", "subset_"))
]


def test_a_changed_field(published_with):
    """What was published and declared never changes, whatever the format: the field is named."""
    describe = published_with(NEW)
    for field, value in CHANGED.items():
        assert describe(later(**{field: value})) == f"sidecar {field}", "in a newer format"
        same = {**json.loads(NEW), field: value}
        assert describe(same) == f"sidecar {field}", "in the same format"
    describe = published_with(OLD)
    for field in json.loads(OLD).keys() & CHANGED.keys():
        document = {**json.loads(NEW), field: CHANGED[field]}
        assert describe(document) == f"sidecar {field}", "from the format of then"


def test_what_a_changed_field_is_answered_with(published_with, repository):
    """The error says what may not change, and the next free version to declare it as."""
    describe = published_with(OLD)
    base = git(repository, "rev-parse", "HEAD")[:12]
    describe({**json.loads(NEW), "licence": "MIT", "content_sha256": "0" * 64})
    (error,) = errors(repository, "HEAD")
    assert str(error) == (
        f"fixture {NAME}: published and immutable\n"
        "  expected: the pins it was published with\n"
        "  found:    sidecar content_sha256; sidecar licence\n"
        "  to mend:  declare the change as minimal_dataset_v2_n16 in params.yaml, and take this "
        f"one back: git checkout {base} -- dvc.lock {SIDECAR}"
    ), "not the whole message"


def test_a_declared_field_that_is_gone(published_with):
    """A newer format may say less of what was found, and never less of what was declared."""
    describe = published_with(NEW)
    for field in DECLARED:
        document = later()
        del document[field]
        assert describe(document) == f"sidecar {field}", "it was taken away unnoticed"
    document = later()
    del document["suite"]
    assert describe(document) == "", "a field of the description has to stay"


def test_a_changed_description(published_with):
    """What a description says it goes on saying: each figure, and whether it was checked."""
    describe = published_with(NEW)
    for figure, value in (("r_factor", 0.06), ("nearest_alternative", None), ("scale", "1.0")):
        document = later()
        document["checks"][figure] = value
        assert describe(document) == f"sidecar checks.{figure}", f"{figure} = {value} passes"
    assert describe(later(verdict="undecided", reason="x")) == "sidecar verdict"
    assert describe(later(ptychography={"noise": "none"})) == "sidecar ptychography"


def test_a_description_that_is_no_newer(published_with):
    """In the same format, or in an older one, nothing may be said otherwise."""
    describe = published_with(NEW)
    assert describe(NEW.replace(b"  ", b" ")) == NOT_NEWER, "another text of the same"
    document = json.loads(NEW)
    document["checks"]["sharpness"] = 3.5
    assert describe(document) == NOT_NEWER, "one figure more"
    document = json.loads(NEW)
    document["schemas"]["sidecar_v2.schema.json"] = "2" * 64
    del document["schemas"]["sidecar_v3.schema.json"]
    assert describe(document) == NOT_NEWER, "an older format"
    document = later()
    document["schemas"]["ptychography_v0.schema.json"] = "0" * 64
    del document["schemas"]["ptychography_v1.schema.json"]
    assert describe(document) == NOT_NEWER, "an older one beside a newer one"
    nameless = later()
    del nameless["contract"]
    assert describe({**nameless, "schemas": {"b_v9.schema.json": "9" * 64}}) == NOT_NEWER, "others"
    # of then, there is less in it
    assert describe(OLD) == "sidecar source_generators"


def test_a_schema_under_the_same_name(published_with):
    """A schema that fixtures were published with keeps its digest; the contract above all."""
    describe = published_with(OLD)
    for file in ("data_001_v1.schema.json", "sidecar_v1.schema.json"):
        document = json.loads(NEW)
        document["schemas"][file] = "0" * 64
        assert describe(document) == f"sidecar schemas.{file}"


def test_another_contract(published_with):
    """Arrays go on satisfying the contract that they were published with, also by name."""
    document = later(contract="data_001_v2.schema.json")
    document["schemas"]["data_001_v2.schema.json"] = "2" * 64
    del document["schemas"]["data_001_v1.schema.json"]
    for sidecar in (OLD, NEW):
        assert published_with(sidecar)(document) == "sidecar contract", "another contract passes"


def test_a_sidecar_that_is_not_the_pinned_one(published_with, repository):
    """What is held against the published one is what the lock pins, and it has to be here."""
    describe = published_with(OLD)
    describe(NEW)
    (repository / SIDECAR).write_bytes(NEW + b"\n")
    (error,) = errors(repository, "HEAD")
    assert error.found == f"sidecar: {SIDECAR} is not the one that dvc.lock pins"
    (repository / SIDECAR).unlink()
    (error,) = errors(repository, "HEAD")
    assert error.found == f"sidecar: {SIDECAR}: No such file or directory"


def test_a_description_that_is_none(published_with):
    """A sidecar that cannot be read is an error of the chain, and no traceback."""
    describe = published_with(OLD)
    for text, field in (
        (b"<<<<<<< HEAD", "document"),
        (NEW.replace(b"{\n", b'{\n  "licence": "MIT",\n', 1), "document"),
        (b"[]", "checks"),
        (b'{"checks": {}, "schemas": []}', "schemas"),
    ):
        with pytest.raises(ChainError) as caught:
            describe(text)
        assert caught.value.subject == f"fixture {NAME}: sidecar field {field}", text[:40]
