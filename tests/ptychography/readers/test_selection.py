"""Tests of `registry.ptychography.readers.selection`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.errors import CheckError, UsageError
from registry.ptychography.readers.selection import parse


class TestParse:
    """Places as people write them."""

    @pytest.mark.parametrize(
        ("text", "name", "axes"),
        [
            ("probe", "probe", ()),
            ("probe[0,0]", "probe", (0, 0)),
            ("scan[0, :, 1]", "scan", (0, (None, None), 1)),
            ("data[2:5]", "data", ((2, 5),)),
            ("data[2:]", "data", ((2, None),)),
            ("data[ :5 ]", "data", ((None, 5),)),
            ("/entry_1/data_1/data[:,0]", "/entry_1/data_1/data", ((None, None), 0)),
            ("a name with spaces [3]", "a name with spaces", (3,)),
        ],
    )
    def test_a_place(self, text, name, axes):
        """A name and what is taken along its axes are told apart."""
        place = parse(text, subject="source s")
        assert (place.name, place.axes) == (name, axes), "read as another place"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[0]",
            "probe[",
            "probe[]",
            "probe[0",
            "probe]0[",
            "probe[0][0]",
            "probe[-1]",
            "probe[::2]",
            "probe[0:4:2]",
            "probe[4:4]",
            "probe[...]",
            "probe[None]",
            "probe[1.0]",
            "probe[0x1]",
            "probe[¹]",
            "probe[0,]",
            "probe[[0]]",
            "probe[1234567890123]",
            "probe[__import__('os')]",
            "pro\nbe[0]",
        ],
    )
    def test_anything_else_is_refused(self, text):
        """What is no place is refused, and shown."""
        with pytest.raises(UsageError) as error:
            parse(text, subject="source s")
        assert error.value.found == repr(text), "what is wrong is not shown"


class TestPlace:
    """Parts of arrays."""

    ARRAY = np.arange(60).reshape(3, 4, 5)

    @pytest.mark.parametrize("text", ["a[1]", "a[1:3]", "a[:,2,0:4]", "a[2,3,4]", "a"])
    def test_numpy_agrees(self, text):
        """The part is what numpy takes for the same text."""
        found = parse(text, subject="source s").of(self.ARRAY, "here")
        expected = {
            "a[1]": self.ARRAY[1],
            "a[1:3]": self.ARRAY[1:3],
            "a[:,2,0:4]": self.ARRAY[:, 2, 0:4],
            "a[2,3,4]": self.ARRAY[2, 3, 4],
            "a": self.ARRAY,
        }[text]
        np.testing.assert_array_equal(found, expected)

    @pytest.mark.parametrize("text", ["a[3]", "a[0:4]", "a[3:]", "a[:,:,:,0]"])
    def test_what_is_not_there_is_refused(self, text):
        """Beyond an axis is an error; numpy would give less, or nothing."""
        with pytest.raises(CheckError) as error:
            parse(text, subject="source s").of(self.ARRAY, "here")
        assert error.value.found == "shape (3, 4, 5)", "the array's shape is not shown"
        assert text in error.value.expected, "the place is not shown"

    def test_shown_as_written(self):
        """A place is shown as it was written, but for spaces."""
        assert str(parse("scan[0, :, 1:, :3]", subject="source s")) == "scan[0,:,1:,:3]"
