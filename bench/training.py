"""What ``fixtures train`` and ``fixtures infer`` take as processes, and what the model learns."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from statistics import median

from bench.results import Section, Verdict, at_least, at_most, table
from bench.timing import ROOT
from registry.training import measuring
from registry.training.measuring import Outcome

TITLE = "training and inference, one thread"
_NAME = "minimal_dataset_v1"
# As many frames again as training sees: what it learned has to hold for them.
_LARGER = "minimal_dataset_v1_n128"
_GRIDSIZES = (1, 2)
_EPOCHS = (2, 8)
_ROUNDS = 5
_SEEDS = 5


def run(name: str, *, rounds: int = _ROUNDS, seeds: int = _SEEDS) -> Section:
    """Train and infer on v1 in turns; then what is learned from half of a scan, by seed."""
    runs: dict[int, list[Outcome]] = {gridsize: [] for gridsize in _GRIDSIZES}
    # the first round warms up
    for number in range(rounds + 1):
        for gridsize in _GRIDSIZES:
            outcome = _train(_NAME, gridsize, _EPOCHS[0])
            if number:
                runs[gridsize].append(outcome)
    learned = {
        (gridsize, epochs): [
            _train(_LARGER, gridsize, epochs, n_images=64, seed=seed) for seed in range(seeds)
        ]
        for gridsize in _GRIDSIZES
        for epochs in _EPOCHS
    }
    everything = [run for found in runs.values() for run in found]
    good = learned[2, _EPOCHS[1]]
    return Section(
        name=name,
        title=TITLE,
        parts=[
            f"`fixtures train {_NAME} --max-epochs {_EPOCHS[0]} --batch-size 4`, 32 steps, then "
            "`fixtures infer`, each a process of its own, from start to end, all imports included; "
            f"{rounds} rounds, in turn, medians; torch {version('torch')}, lightning "
            f"{version('lightning')}. The floor is `python -c 'import torch'`, before each. Peak "
            "memory is that of the process and all it starts, artifacts are all files left. Phases "
            "are what the process says of itself; the rest is its start, its imports and its end.",
            _times(runs),
            f"What is learned from 64 frames of `{_LARGER}`, `--n-images 64`, and how it does on "
            f"the other 64; worst of {seeds} seeds, time the median. Error is the mean absolute "
            "error of the amplitude over that of the best constant object. Correlation of the "
            "amplitude and mean phase error are those of the object stitched from the frames.",
            _learning(learned),
        ],
        verdicts=[
            *(
                at_most(
                    f"`fixtures infer`, gridsize {gridsize}, over `import torch`",
                    1.6,
                    _over("infer", found),
                    "times",
                )
                for gridsize, found in runs.items()
            ),
            at_most(
                f"`fixtures train`, gridsize 2, {_EPOCHS[1]} epochs",
                20,
                median(_walls("train", good)),
                "s",
            ),
            *(
                at_least(
                    f"amplitude correlation, gridsize {gridsize}, {_EPOCHS[0]} epochs, frames "
                    f"{'not ' if prefix else ''}trained on",
                    0.8,
                    _correlation(learned[gridsize, _EPOCHS[0]], prefix),
                    "against the object",
                )
                for gridsize in _GRIDSIZES
                for prefix in ("", _UNSEEN)
            ),
            *(
                verdict
                for prefix, frames in (("", "trained on"), (_UNSEEN, "not trained on"))
                for verdict in (
                    at_least(
                        f"amplitude correlation, gridsize 2, {_EPOCHS[1]} epochs, frames {frames}",
                        0.95,
                        _correlation(good, prefix),
                        "against the object",
                    ),
                    at_most(
                        f"phase error, gridsize 2, {_EPOCHS[1]} epochs, frames {frames}",
                        0.10,
                        _phase_error(good, prefix),
                        "rad",
                    ),
                )
            ),
            at_most("peak memory", 700, _peak(everything), "MB"),
            at_most("artifacts", 15, _artifacts(everything), "MB"),
            _identical(runs),
        ],
    )


def _train(fixture: str, gridsize: int, epochs: int, **options: int) -> Outcome:
    given = {"gridsize": gridsize, "max_epochs": epochs, **options}
    return measuring.workflow(ROOT, fixture, given)


def _times(runs: dict[int, list[Outcome]]) -> str:
    rows = []

    def row(what: str, figure: partial[str]) -> None:
        rows.append([what, *(figure(found) for found in runs.values())])

    row("`import torch`, s", partial(_spread, "torch"))
    for kind in ("train", "infer"):
        row(f"`fixtures {kind}`, s", partial(_spread, kind))
        row("… over `import torch` of the same round", partial(_over_text, kind))
        for phase in _phases(kind, runs[_GRIDSIZES[0]][0]):
            row(f"… {phase}, s", partial(_phase, kind, phase))
        row("… peak memory, MB", partial(_memory, kind))
    rows.append(["artifacts, MB", *(f"{_artifacts(found):.1f}" for found in runs.values())])
    return table(["v1", *(f"gridsize {gridsize}" for gridsize in runs)], rows)


def _learning(learned: dict[tuple[int, int], list[Outcome]]) -> str:
    header = [
        "gridsize, epochs", "train s", "error", "unseen", "correlation", "unseen",
        "phase error rad", "unseen",
    ]  # fmt: skip
    rows = []
    for (gridsize, epochs), found in learned.items():
        row = [f"{gridsize}, {epochs}", f"{median(_walls('train', found)):.1f}"]
        for figure in (_error, _correlation, _phase_error):
            row += [f"{figure(found, prefix):.3f}" for prefix in ("", _UNSEEN)]
        rows.append(row)
    return table(header, rows)


# What train.json puts before the names of what it says of frames that were not trained on.
_UNSEEN = "unseen_"


def _error(found: list[Outcome], prefix: str) -> float:
    return max(float(run.learned[f"{prefix}amplitude_error_ratio"]) for run in found)


def _correlation(found: list[Outcome], prefix: str) -> float:
    return min(float(run.learned[f"{prefix}object"]["amplitude_correlation"]) for run in found)


def _phase_error(found: list[Outcome], prefix: str) -> float:
    return max(float(run.learned[f"{prefix}object"]["phase_error_rad"]) for run in found)


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


def _over(kind: str, found: list[Outcome]) -> float:
    pairs = zip(_walls(kind, found), _walls("torch", found), strict=True)
    return median(wall / floor for wall, floor in pairs)


def _over_text(kind: str, found: list[Outcome]) -> str:
    return f"{_over(kind, found):.2f}"


def _memory(kind: str, found: list[Outcome]) -> str:
    return f"{max(run.figures[f'{kind}_peak_rss_bytes'] for run in found) / 1e6:.0f}"


def _peak(found: list[Outcome]) -> float:
    return max(float(_memory(kind, found)) for kind in ("train", "infer"))


def _artifacts(found: list[Outcome]) -> float:
    return max(run.figures["artifact_bytes"] for run in found) / 1e6
