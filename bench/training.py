"""What ``fixtures train`` and ``fixtures infer`` take as processes, and what the model learns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from statistics import median

from bench.results import Section, Verdict, at_most, table
from bench.timing import ROOT
from registry.training import measuring
from registry.training.measuring import Outcome

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
        floor = measuring.run(ROOT, "-c", _FLOOR)["wall_s"]
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
        (gridsize, count): _train(_LARGER, gridsize, count, n_images=64)
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
            f"{rounds} rounds, in turn, medians; torch {version('torch')}, lightning "
            f"{version('lightning')}. The floor is `python -c '{_FLOOR}'`. Peak memory is that of "
            "the process and all it starts, artifacts are all files left. Phases are what the "
            "process says of itself; the rest is its start, its imports and its end.",
            _times(floors, runs),
            "The same at other lengths. Error is the mean absolute error of the amplitude over "
            "that of the best constant object; on unseen frames: those 64 of "
            f"`{_LARGER}` that `--n-images 64` leaves out. Correlation of the amplitude and mean "
            "phase error are those of the stitched reconstruction against the object, resolution "
            "where the Fourier ring correlation falls below 1/2.",
            _learning(learned, unseen),
        ],
        verdicts=[
            at_most("`fixtures train`, gridsize 1", 9, median(_walls("train", first)), "s"),
            at_most("`fixtures infer`, gridsize 1", 7, median(_walls("infer", first)), "s"),
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


def _train(fixture: str, gridsize: int, epochs: int, **options: int) -> Outcome:
    given = {"gridsize": gridsize, "max_epochs": epochs, **options}
    return measuring.workflow(ROOT, fixture, given)


def _times(floors: list[float], runs: dict[int, list[Outcome]]) -> str:
    rows = [["floor, s", *[f"{median(floors):.2f}"] * len(runs)]]

    def row(what: str, figure: partial[str]) -> None:
        rows.append([what, *(figure(found) for found in runs.values())])

    for kind in ("train", "infer"):
        row(f"`fixtures {kind}`, s", partial(_spread, kind))
        row("… over the floor of the same round", partial(_over, kind, floors))
        for phase in _phases(kind, runs[_GRIDSIZES[0]][0]):
            row(f"… {phase}, s", partial(_phase, kind, phase))
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
            f"{found.figures['train_wall_s']:.1f}",
            f"{found.learned['losses'][0]:.3f}",
            f"{found.learned['losses'][-1]:.3f}",
            f"{found.learned['amplitude_error_ratio']:.3f}",
            f"{unseen[gridsize, epochs].learned['unseen_amplitude_error_ratio']:.3f}",
            f"{obj['amplitude_correlation']:.3f}",
            f"{obj['phase_error_rad']:.3f}",
            "none" if resolution is None else f"{resolution:.1f}",
        ])  # fmt: skip
    return table(header, rows)


def _identical(runs: dict[int, list[Outcome]]) -> Verdict:
    same = all(
        (run.learned["losses"], run.reconstruction)
        == (found[0].learned["losses"], found[0].reconstruction)
        for found in runs.values()
        for run in found
    )
    return Verdict(
        what="losses and reconstruction over the rounds",
        target="the same to the last bit",
        measured="the same" if same else "different",
        met=same,
    )


def _walls(kind: str, found: list[Outcome]) -> list[float]:
    return [run.figures[f"{kind}_wall_s"] for run in found]


def _phases(kind: str, run: Outcome) -> dict[str, float]:
    said = run.learned if kind == "train" else run.inferred
    wall = run.figures[f"{kind}_wall_s"]
    return {**said["seconds"], "rest": wall - sum(said["seconds"].values())}


def _phase(kind: str, phase: str, found: list[Outcome]) -> str:
    return f"{median(_phases(kind, run)[phase] for run in found):.2f}"


def _spread(kind: str, found: list[Outcome]) -> str:
    walls = _walls(kind, found)
    return f"{median(walls):.2f} ({min(walls):.2f} to {max(walls):.2f})"


def _over(kind: str, floors: list[float], found: list[Outcome]) -> str:
    walls = _walls(kind, found)
    return f"{median(wall / floor for wall, floor in zip(walls, floors, strict=True)):.2f}"


def _memory(kind: str, found: list[Outcome]) -> str:
    return f"{max(run.figures[f'{kind}_peak_rss_bytes'] for run in found) / 1e6:.0f}"


def _peak(found: list[Outcome]) -> float:
    return max(float(_memory(kind, found)) for kind in ("train", "infer"))


def _artifacts(found: list[Outcome]) -> float:
    return max(run.figures["artifact_bytes"] for run in found) / 1e6
