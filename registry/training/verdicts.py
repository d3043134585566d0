"""Results of the envelope against the budgets of ``params.yaml``."""

from __future__ import annotations

from dataclasses import dataclass

from registry.declare.params import Budgets, Envelope
from registry.errors import CheckError
from registry.training.results import Results, phases

_MEGABYTE = 1e6


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetVerdict:
    """One figure of a run against its budget.

    ``note`` says what has to be known besides, such as that the machine was slow; ``error`` is None
    where the budget is kept.
    """

    what: str
    measured: str
    budget: str
    note: str = ""
    error: CheckError | None = None


def judge(name: str, found: Results, declared: Envelope) -> list[BudgetVerdict]:
    """Hold a run's results against the budgets.

    A slow machine is told apart from a slow program by the calibration: the target is missed only
    where it would be missed on a machine as fast as the declared ``calibration_s``, and repeats
    scatter too much only where their times relative to the calibration do, too. The limit is one of
    seconds, on whatever machine.
    """
    return [
        *_times(name, found, declared),
        _scatter(name, found, declared.budgets),
        *_sizes(name, found, declared.budgets),
        _same(name, found),
    ]


def _times(name: str, found: Results, declared: Envelope) -> list[BudgetVerdict]:
    budgets = declared.budgets
    seconds = found.train.median
    calibration = found.calibration.median
    slowness = calibration / declared.calibration_s
    at_reference = seconds / slowness
    compared = (
        f"the calibration took {calibration:.2f} s, and {declared.calibration_s:g} s on the "
        f"reference machine, where this would take {at_reference:.1f} s"
    )
    verdicts = []
    for key, limit, is_hard in (
        ("train_target_s", budgets.train_target_s, False),
        ("train_limit_s", budgets.train_limit_s, True),
    ):
        note, error = "", None
        if seconds > limit:
            is_slow_machine = at_reference <= limit
            if is_slow_machine:
                note = f"a slow machine: {compared}"
            if is_hard or not is_slow_machine:
                error = CheckError(
                    f"{name}: {key}",
                    expected=f"at most {limit:g} s for the training, imports included",
                    found=f"{seconds:.1f} s; {compared}",
                    remedy="measure on a faster machine, or when less runs on this one: "
                    f"fixtures envelope {name}"
                    if is_slow_machine
                    else f"make the program faster: {_longest(found)}",
                )
        elif at_reference > limit:
            note = f"a fast machine: {compared}"
        verdicts.append(
            BudgetVerdict(
                what=key,
                measured=f"{seconds:.1f} s",
                budget=f"{limit:g} s",
                note=note,
                error=error,
            )
        )
    return verdicts


def _longest(found: Results) -> str:
    laps = phases([repeat.train_phases_s for repeat in found.repeats])
    longest = max(laps, key=lambda phase: laps[phase])
    return f"most of the time, {laps[longest]:.1f} s, is its {longest}"


def _scatter(name: str, found: Results, budgets: Budgets) -> BudgetVerdict:
    limit = budgets.train_spread_percent
    raw, calibration = found.train.spread_percent, found.calibration.spread_percent
    relative = found.train_over_calibration.spread_percent
    note, error = "", None
    told = f"relative to the calibration {relative:g} %, and the calibration itself {calibration:g}"
    if raw > limit and relative <= limit:
        note = f"an unsteady machine: {told} %"
    elif raw > limit:
        is_unsteady = calibration > limit
        error = CheckError(
            f"{name}: train_spread_percent",
            expected=f"repeats within {limit:g} % of their median",
            found=f"{raw:g} %; {told} %",
            remedy=f"measure again when nothing else runs: fixtures envelope {name}"
            if is_unsteady
            else "the machine was steady: find what the program does differently from run to run",
        )
    return BudgetVerdict(
        what="train_spread_percent",
        measured=f"{raw:g} %",
        budget=f"{limit:g} %",
        note=note,
        error=error,
    )


def _sizes(name: str, found: Results, budgets: Budgets) -> list[BudgetVerdict]:
    verdicts = []
    for key, size, limit, what, remedy in (
        (
            "peak_rss_mb",
            found.peak_rss_bytes,
            budgets.peak_rss_mb,
            "of memory at the peak",
            "find what is imported or kept that need not be",
        ),
        (
            "artifacts_mb",
            found.artifact_bytes,
            budgets.artifacts_mb,
            "of checkpoints, logs and results",
            "see what training and inference leave in --output-dir",
        ),
    ):
        megabytes = size / _MEGABYTE
        error = None
        if megabytes > limit:
            error = CheckError(
                f"{name}: {key}",
                expected=f"at most {limit:g} MB {what}",
                found=f"{megabytes:.1f} MB",
                remedy=remedy,
            )
        verdicts.append(
            BudgetVerdict(
                what=key, measured=f"{megabytes:.1f} MB", budget=f"{limit:g} MB", error=error
            )
        )
    return verdicts


def _same(name: str, found: Results) -> BudgetVerdict:
    error = None
    if not found.repeats_identical:
        error = CheckError(
            f"{name}: repeats",
            expected="the same losses and the same reconstruction, to the last bit",
            found="others from repeat to repeat, with one seed on one machine",
            remedy="find what is not deterministic: a generator without a seed, or a second thread",
        )
    return BudgetVerdict(
        what="repeats",
        measured="identical" if found.repeats_identical else "different",
        budget="identical",
        error=error,
    )
