"""What ``fixtures train`` and ``fixtures infer`` take as processes, and what the model learns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import median
from time import perf_counter

from bench.results import Section, Verdict, at_most, table
from bench.timing import ROOT
from registry.training import envelope, measuring
from registry.training.measuring import Outcome, Process
from registry.training.results import phases

TITLE = "training and inference on v1, one thread"
_NAME = "minimal_dataset_v1"
# As many frames again as training sees.
_LARGER = "minimal_dataset_v1_n128"
_FLOOR = "import torch, lightning"
_GRIDSIZES = (1, 2)
_ROUNDS = 5
_EPOCHS = (2, 20)
# Of the best constant object's amplitude error.
_LEARNED = {2: 0.8, 20: 0.5}


def run(name: str, *, rounds: int = _ROUNDS, epochs: Sequence[int] = _EPOCHS) -> Section:
    """Train and infer at both gridsizes, then train longer, and on half of the frames."""
    floors: list[float] = []
    runs: dict[int, list[Outcome]] = {gridsize: [] for gridsize in _GRIDSIZES}
    # the first round warms up
    for number in range(rounds + 1):
        begin = perf_counter()
        measuring.python(ROOT, "-c", _FLOOR)
        floor = perf_counter() - begin
        found = {gridsize: _train(_NAME, gridsize, 2) for gridsize in _GRIDSIZES}
        if number:
            floors.append(floor)
            for gridsize, outcome in found.items():
                runs[gridsize].append(outcome)
    learned = {
        (gridsize, count): runs[gridsize][0] if count == 2 else _train(_NAME, gridsize, count)
        for gridsize in _GRIDSIZES
        for count in epochs
    }
    unseen = {
        (gridsize, count): _train(_LARGER, gridsize, count, "--n-images=64")
        for gridsize in _GRIDSIZES
        for count in epochs
    }
    first = runs[1]
    return Section(
        name=name,
        title=TITLE,
        parts=[
            f"`fixtures train {_NAME} --max-epochs 2 --batch-size 4`, 32 steps, then `fixtures "
            "infer`, each a process of its own, from start to end, all imports included; "
            f"{rounds} rounds, in turn, medians; {envelope.versions()}. The floor is "
            f"`python -c '{_FLOOR}'`. Peak memory is what the process itself says (`VmHWM`), "
            "artifacts are all files left. Phases are what the process says of itself; the rest is "
            "its start and its end.",
            _times(floors, runs),
            "The same at other lengths. Error is the mean absolute error of the amplitude over "
            "that of the best constant object; on unseen frames: those 64 of "
            f"`{_LARGER}` that `--n-images 64` leaves out. Correlation of the amplitude and mean "
            "phase error are those of the stitched reconstruction against the object, resolution "
            "where the Fourier ring correlation falls below 1/2.",
            _learning(learned, unseen),
        ],
        verdicts=[
            at_most("`fixtures train`, gridsize 1", 9, _wall([run.train for run in first]), "s"),
            at_most("`fixtures infer`, gridsize 1", 7, _wall([run.infer for run in first]), "s"),
            at_most("peak memory, gridsize 1", 700, _peak(first), "MB"),
            at_most("artifacts, gridsize 1", 15, _artifacts(first), "MB"),
            *(
                at_most(
                    f"error after {count} epochs, gridsize 1",
                    _LEARNED[count],
                    learned[1, count].learned["amplitude_error_ratio"],
                    "of the best constant object's",
                )
                for count in epochs
                if count in _LEARNED
            ),
            _identical(runs),
        ],
    )


def _train(fixture: str, gridsize: int, epochs: int, *options: str) -> Outcome:
    return measuring.workflow(
        ROOT, fixture, f"--gridsize={gridsize}", f"--max-epochs={epochs}", *options
    )


def _times(floors: list[float], runs: dict[int, list[Outcome]]) -> str:
    rows = [["floor, s", *[f"{median(floors):.2f}"] * len(runs)]]

    def row(what: str, figure: partial[str]) -> None:
        rows.append([what, *(figure(found) for found in runs.values())])

    for kind in ("train", "infer"):
        row(f"`fixtures {kind}`, s", partial(_spread, kind))
        row("… over the floor of the same round", partial(_over, kind, floors))
        laps = {
            gridsize: phases([_process(run, kind).phases_s for run in found])
            for gridsize, found in runs.items()
        }
        rows += [
            [f"… {phase}, s", *(f"{lap[phase]:.2f}" for lap in laps.values())]
            for phase in laps[_GRIDSIZES[0]]
        ]
        row("… peak memory, MB", partial(_memory, kind))
    rows.append(["artifacts, MB", *(f"{_artifacts(found):.1f}" for found in runs.values())])
    return table(["v1", *(f"gridsize {gridsize}" for gridsize in runs)], rows)


def _learning(
    learned: dict[tuple[int, int], Outcome], unseen: dict[tuple[int, int], Outcome]
) -> str:
    header = [
        "gridsize, epochs", "train s", "loss, first", "last", "error", "error, unseen frames",
        "correlation", "phase error rad", "resolution px",
    ]  # fmt: skip
    rows = []
    for (gridsize, epochs), found in learned.items():
        obj = found.inferred["object"]
        resolution = obj["resolution_px"]
        rows.append([
            f"{gridsize}, {epochs}",
            f"{found.train.wall_s:.1f}",
            f"{found.losses[0]:.3f}",
            f"{found.losses[-1]:.3f}",
            f"{found.learned['amplitude_error_ratio']:.3f}",
            f"{unseen[gridsize, epochs].learned['unseen_amplitude_error_ratio']:.3f}",
            f"{obj['amplitude_correlation']:.3f}",
            f"{obj['phase_error_rad']:.3f}",
            "none" if resolution is None else f"{resolution:.1f}",
        ])  # fmt: skip
    return table(header, rows)


def _identical(runs: dict[int, list[Outcome]]) -> Verdict:
    same = all(
        (run.losses, run.files) == (found[0].losses, found[0].files)
        for found in runs.values()
        for run in found
    )
    return Verdict(
        what="losses and reconstruction over the rounds",
        target="the same to the last bit",
        measured="the same" if same else "different",
        met=same,
    )


def _process(run: Outcome, kind: str) -> Process:
    return run.train if kind == "train" else run.infer


def _spread(kind: str, found: list[Outcome]) -> str:
    walls = [_process(run, kind).wall_s for run in found]
    return f"{median(walls):.2f} ({min(walls):.2f} to {max(walls):.2f})"


def _over(kind: str, floors: list[float], found: list[Outcome]) -> str:
    walls = (_process(run, kind).wall_s for run in found)
    return f"{median(wall / floor for wall, floor in zip(walls, floors, strict=True)):.2f}"


def _memory(kind: str, found: list[Outcome]) -> str:
    return f"{max(_process(run, kind).peak_rss_bytes for run in found) / 1e6:.0f}"


def _wall(processes: list[Process]) -> float:
    return median(process.wall_s for process in processes)


def _peak(found: list[Outcome]) -> float:
    return max(max(run.train.peak_rss_bytes, run.infer.peak_rss_bytes) for run in found) / 1e6


def _artifacts(found: list[Outcome]) -> float:
    return max(run.artifact_bytes for run in found) / 1e6
