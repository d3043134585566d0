"""``fixtures train``: the reference training on a fixture."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from registry import loading
from registry.cli.numbers import positive, seed


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "train", help="train the reference model on a fixture", allow_abbrev=False
    )
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--output-dir", metavar="DIR", type=Path, required=True)
    parser.add_argument("--max-epochs", metavar="N", type=positive, default=2)
    parser.add_argument(
        "--n-images", metavar="N", type=positive, help="default: all that the fixture has"
    )
    parser.add_argument("--gridsize", type=positive, default=1, help="1 or 2: images in a row")
    parser.add_argument("--batch-size", metavar="N", type=positive, default=4)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--seed", type=seed, default=42)
    parser.add_argument("--loss", choices=("mae", "nll", "supervised"), default="mae")
    parser.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint in the output folder"
    )
    parser.set_defaults(run=run)


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
            print(f"\n{kept} holds the last whole epoch: --resume goes on from it", file=sys.stderr)
        raise
    print(
        f"{arguments.name}: {found['steps']} steps, loss {found['first_loss']:.3f} -> "
        f"{found['last_loss']:.3f}; {_seconds({'imports': took, **found['seconds']})}"
    )
    print(
        f"amplitude error {found['amplitude_error']:.4f}, "
        f"{found['amplitude_error_ratio']:.3f} of the best constant object's"
    )
    if found["unseen_amplitude_error_ratio"] is not None:
        print(f"on frames not trained on: {found['unseen_amplitude_error_ratio']:.3f} of it")
    print(arguments.output_dir / "model.ckpt")
    return 0


def _seconds(laps: dict[str, float]) -> str:
    return ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in laps.items())
