"""Tests of `registry.ptychography.meanings`."""

from __future__ import annotations

from registry.identity import schema
from registry.ptychography.field import FIELD
from registry.ptychography.meanings import MEANINGS
from tests.kit.repository import SCHEMAS


def test_every_figure_of_the_field_and_no_other():
    """What the field's schema knows is explained."""
    rules = schema.read(SCHEMAS / FIELD.schema)["properties"]["checks"]
    assert sorted(MEANINGS) == sorted(rules["properties"])
