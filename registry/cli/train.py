"""``fixtures train``: the reference training on a fixture."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from registry import console, loading


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--output-dir", metavar="DIR", type=Path, required=True)
    parser.add_argument("--max-epochs", metavar="N", type=_positive, default=2, help="at most")
    parser.add_argument(
        "--n-images", metavar="N", type=_positive, help="default: all that the fixture has"
    )
    parser.add_argument("--gridsize", type=_positive, default=1, help="1 or 2: images in a row")
    parser.add_argument(
        "--batch-size", metavar="N", type=_positive, default=4, help="images, or groups of them"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where it runs")
    parser.add_argument("--seed", type=_seed, default=42, help="of weights and order")
    parser.add_argument(
        "--loss", choices=("mae", "nll", "supervised"), default="mae", help="what is made small"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint in the output folder"
    )


def run(arguments: argparse.Namespace) -> int:
    fixture = loading.load(arguments.name)
    begin = time.perf_counter()
    from registry.training import imports

    workflow = imports.workflow()
    took = time.perf_counter() - begin
    options = workflow.Options(
        output_dir=arguments.output_dir,
        max_epochs=arguments.max_epochs,
        n_images=arguments.n_images,
        gridsize=arguments.gridsize,
        batch_size=arguments.batch_size,
        device=arguments.device,
        seed=arguments.seed,
        loss=arguments.loss,
        resume=arguments.resume,
    )
    try:
        found = workflow.train(fixture, options)
    except KeyboardInterrupt:
        kept = arguments.output_dir / "model.ckpt"
        if kept.is_file():
            console.say(
                f"\n{kept} holds the last whole epoch: --resume goes on from it", file=sys.stderr
            )
        raise
    console.say(
        f"{arguments.name}: {found['steps']} steps, loss {found['first_loss']:.3f} -> "
        f"{found['last_loss']:.3f}; {_seconds({'imports': took, **found['seconds']})}"
    )
    console.say(
        f"amplitude error {found['amplitude_error']:.4f}, "
        f"{found['amplitude_error_ratio']:.3f} of the best constant object's"
    )
    if found["unseen_amplitude_error_ratio"] is not None:
        console.say(f"on frames not trained on: {found['unseen_amplitude_error_ratio']:.3f} of it")
    console.say(arguments.output_dir / "model.ckpt")
    return 0


def _seconds(laps: dict[str, float]) -> str:
    return ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in laps.items())


def _positive(text: str) -> int:
    """An integer of at least 1."""
    return _at_least(1, text)


def _seed(text: str) -> int:
    """An integer of at least 0 that every random generator takes."""
    value = _at_least(0, text)
    if value >= 2**32:
        raise argparse.ArgumentTypeError(f"expected less than 2**32, found {text}")
    return value


def _at_least(smallest: int, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = smallest - 1
    if value < smallest:
        raise argparse.ArgumentTypeError(
            f"expected an integer of at least {smallest}, found {text}"
        )
    return value
