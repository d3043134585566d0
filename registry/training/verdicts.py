"""Results of the envelope against what is declared in ``params.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.declare.params import Budgets
from registry.errors import CheckError
from registry.training.results import Results


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetVerdict:
    """One figure against its budget.

    ``note`` is what to compare it with besides; ``error`` is None where the budget is kept.
    """

    what: str
    measured: str
    budget: str
    note: str = ""
    error: CheckError | None = None


def judge(
    name: str, found: Results, budgets: Budgets, settings: Mapping[str, Any]
) -> list[BudgetVerdict]:
    """Hold results of a training against its budgets, and against what is to be measured now.

    Times are seconds on whatever machine it was, which no yardstick scales: a note says how long
    the import of torch took beside them, by which a reader knows a slow machine. Repeats scatter
    where their processor time does, for wall time scatters with whatever else runs.
    """
    worked = found.median("train_cpu_s", over="train_wall_s")
    faster = "make it faster: fixtures train writes seconds by phase to train.json"
    if worked < 0.7:
        faster = f"measure when nothing else runs: the processor worked {worked:.0%} of that time"
    steadier = "measure when nothing else runs, then find what differs from run to run"
    changed = [
        f"{key} {value}, not {found.settings.get(key)}"
        for key, value in settings.items()
        if found.settings.get(key) != value
    ]
    over = f"{found.median('train_wall_s', over='torch_wall_s'):.1f} × import torch beside it"
    bounded = [
        ("train_target_s", found.median("train_wall_s"), "s", over, faster),
        ("train_limit_s", found.most("train_wall_s"), "s", "", faster),
        ("train_spread_percent", found.spread_percent("train_cpu_s"), "%", "", steadier),
        ("peak_rss_mb", found.peak_rss_bytes / 1e6, "MB", "", "see what is imported and kept"),
        ("artifacts_mb", found.most("artifact_bytes") / 1e6, "MB", "", "see --output-dir"),
    ]
    told = [
        (what, value > getattr(budgets, what), f"{value:.1f} {unit}",
         f"at most {getattr(budgets, what):g} {unit}", note, remedy)
        for what, value, unit, note, remedy in bounded
    ]  # fmt: skip
    if found.label:
        # the target is one of runs; a point of the sweep has the limit
        del told[0]
    told += [
        ("repeats", not found.identical, "identical" if found.identical else "different",
         "identical", "", "find what is not deterministic: a seed, or a second thread"),
        ("settings", bool(changed), "changed since" if changed else "as declared",
         "as declared", ", ".join(changed), "fixtures envelope, which measures anew"),
    ]  # fmt: skip
    return [
        BudgetVerdict(
            what=what,
            measured=measured,
            budget=expected.removeprefix("at most "),
            note=note,
            error=CheckError(
                f"{name}: {what}",
                expected=expected,
                found=f"{measured}, {note}" if note else measured,
                remedy=remedy,
            )
            if is_missed
            else None,
        )
        for what, is_missed, measured, expected, note, remedy in told
    ]
