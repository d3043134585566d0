"""A small budget of mutants for each target; ``make fuzz`` tries more."""

from __future__ import annotations

import pytest

from tests.fuzz import campaign

# Those that the readers stand.
BUDGETS = {
    "npz": 500,
    "foreign_npz": 500,
    "sidecar": 250,
    "certificate": 250,
    "lock": 250,
    "dvc_file": 125,
    "params": 50,
    "cxi": 50,
}


@pytest.mark.parametrize("target", BUDGETS)
def test_no_mutant_does_what_none_may_do(target):
    """Each is refused in four parts, or accepted as the reference reader accepts it."""
    if target == "cxi":
        pytest.importorskip("h5py", reason="the hdf5 extra is not installed")
    figures = campaign.run(target, seed=0, count=BUDGETS[target])
    assert not figures.findings, "\n".join(map(str, figures.findings))
    assert figures.mutants == BUDGETS[target], f"not all were tried: {figures}"
    assert figures.accepted, f"no mutant gets as far as the reference reader: {figures}"
    assert figures.refused, f"no mutant is refused: {figures}"
