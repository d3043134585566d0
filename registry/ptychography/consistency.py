"""One line for a consumer's test: do frames, positions, probe and object belong together?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from registry.errors import UsageError, printable
from registry.failure import Failure
from registry.fixture import Fixture
from registry.identity.sidecar import CHECKED
from registry.ptychography.acceptance import as_scan, judge_patches, no_scan
from registry.ptychography.contracts import ScanContract, contract_named, contract_of
from registry.ptychography.field import FIELD
from registry.ptychography.form import table_failures
from registry.ptychography.noise import Noise, recorded
from registry.ptychography.physics import assess

_SUBJECT = "assert_consistent"


def assert_consistent(fixture: Mapping[str, np.ndarray], noise: Noise | None = None) -> None:
    """Assert that a fixture's arrays belong together, by the criteria that accepted it.

    Of the criteria of docs/checks.md all but ``coverage`` and ``source``, which need the source;
    frames that are declared as ``measured`` are held against their own errors. The contract is held
    as far as the package knows it: axes, dtypes, finite values, ranges, one number of positions.

    >>> import registry
    >>> from registry.ptychography import assert_consistent
    >>> assert_consistent(registry.load("minimal_dataset_v1"))  # doctest: +SKIP

    Parameters
    ----------
    fixture : Fixture or mapping
        What `registry.load` or ``load_fixture`` gives, or arrays by their names in DATA-001, such
        as come out of a loader under test.
    noise : Noise, optional
        What the source declares of its noise; without it, what the fixture's sidecar records. For a
        mapping it has to be given: ``registry.ptychography.noise.recorded(fixture.sidecar)``.

    Raises
    ------
    AssertionError
        Some criteria refuse the arrays; the message has all of them. Or the fixture's physics was
        never checked, so that there is nothing to hold frames against.
    UsageError
        The noise is not known, or the fixture is of another field than ptychography; or there are
        no arrays of plain values by their names.
    """
    __tracebackhide__ = True
    arrays = _arrays(fixture)
    if isinstance(fixture, Fixture):
        _require_field(fixture)
        name, contract = fixture.name, contract_named(fixture.sidecar.contract)
        noise = recorded(fixture.sidecar) if noise is None else noise
        failures = _unchecked(fixture)
    else:
        name, contract, failures = "these arrays", contract_named(contract_of(arrays)), []
    failures += _failures(arrays, contract, _known(noise))
    if failures:
        count = "1 criterion" if len(failures) == 1 else f"{len(failures)} criteria"
        text = "\n  ".join([f"{name}: {count} not met", *map(str, failures)])
        raise AssertionError(printable(text))


def _arrays(given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    if not isinstance(given, Mapping):
        raise UsageError(
            _SUBJECT,
            expected="a fixture, or a mapping of arrays by their names",
            found=f"a {type(given).__name__}",
            remedy="pass what load_fixture or registry.load gives",
        )
    return {name: _array(name, given[name]) for name in given}


def _array(name: str, values: object) -> np.ndarray:
    try:
        array = np.asarray(values)
    except Exception as error:
        # a tensor's own conversion, which may fail in any way
        found = f"{type(error).__name__}: {error}"
    else:
        if not array.dtype.hasobject:
            return array
        found = "an array of Python objects"
    raise UsageError(
        f"{_SUBJECT}: array {name!r}",
        expected="values of one plain dtype, with one shape, that numpy takes as they are",
        found=found,
        remedy="convert it first; a tensor that has a gradient by tensor.detach()",
    )


def _require_field(fixture: Fixture) -> None:
    if fixture.sidecar.field != FIELD.name:
        raise UsageError(
            f"{_SUBJECT} of fixture {fixture.name}",
            expected=f"a fixture of the field {FIELD.name}",
            found=f"field {fixture.sidecar.field}",
            remedy="choose another fixture: fixtures list",
        )


def _known(noise: Noise | None) -> Noise:
    if noise is None:
        raise UsageError(
            f"{_SUBJECT} of a mapping of arrays",
            expected="the noise in them, which no sidecar records",
            found="none",
            remedy="pass noise=registry.ptychography.noise.recorded(fixture.sidecar), of the "
            "fixture that they were made from",
        )
    if not isinstance(noise, Noise):
        raise UsageError(
            f"{_SUBJECT}: noise",
            expected="a registry.ptychography.noise.Noise",
            found=repr(noise),
            remedy="leave it out for a fixture; else pass what recorded(fixture.sidecar) gives",
        )
    return noise


def _unchecked(fixture: Fixture) -> list[Failure]:
    """What accepted nothing can assert nothing: criteria that find nothing pass."""
    sidecar = fixture.sidecar
    if sidecar.verdict == CHECKED:
        return []
    return [
        Failure(
            criterion="physics",
            expected=f"a fixture whose physics is {CHECKED}",
            found=f"{sidecar.verdict}: {sidecar.reason}",
        )
    ]


def _failures(
    arrays: Mapping[str, np.ndarray], contract: ScanContract, noise: Noise
) -> list[Failure]:
    failures = table_failures(arrays, contract)
    # a variant is judged as DATA-001 would have it
    usual, _ = contract.canonical(arrays, noise.photon_scale)
    scan, reason = as_scan(usual)
    if scan is None:
        return [*failures, no_scan(reason)]
    assessment = assess(scan, noise)
    failures += assessment.failures
    failures += [
        Failure(criterion="proof", expected="data that can tell", found=doubt)
        for doubt in assessment.doubts
    ]
    if scan.inside().all():
        failures += judge_patches(usual, scan)
    return failures
