"""No unsound scan is called checked: one of each kind, and what is kept of hundreds.

``make proof`` takes twenty of each, at every size and number of photons: docs/checks.md.
"""

from __future__ import annotations

import pytest

from tests.proof import table
from tests.proof.cases import KINDS, MEASURED, POISSON

pytestmark = pytest.mark.slow
SEED = 7


@pytest.mark.parametrize("kind", KINDS)
def test_a_scan_of_each_kind(kind):
    """Sound ones are checked, as there are frames enough, and unsound ones never."""
    for cell in table.cells([kind], sizes=[table.ENOUGH], photons=[1e4]):
        assert table.fill(cell, [SEED]).is_right, str(cell)


def test_a_sixteenth_of_a_scan_is_checked_by_all_of_it():
    """A fixture of 16 frames is what its source is."""
    (cell,) = (
        cell
        for cell in table.cells(["twin, cut from 128 frames"], sizes=[16], photons=[1e5])
        if cell.declared == MEASURED
    )
    assert table.fill(cell, [SEED]).verdicts == {table.CHECKED: 1}


def test_a_cell_that_is_wrong_is_marked():
    """An unsound scan that is checked, and a sound one of enough frames that is not."""
    bad = table.Cell(kind="object of ones", n=64, photons=1e4, declared=POISSON)
    bad.verdicts.update([table.REFUSED, table.CHECKED])
    assert str(bad).endswith("1 checked, 1 refused  <- not as it should be")
    good = table.Cell(kind="twin", n=64, photons=1e4, declared=POISSON)
    good.verdicts.update([table.UNDECIDED, table.CHECKED])
    assert not good.is_right
    few = table.Cell(kind="twin", n=16, photons=1e4, declared=POISSON)
    few.verdicts.update([table.UNDECIDED])
    assert few.is_right
