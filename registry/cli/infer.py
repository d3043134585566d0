"""``fixtures infer``: reconstruct the object of a fixture with a trained model."""

from __future__ import annotations

import argparse
from pathlib import Path

from registry import console, loading
from registry.cli import json_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", type=Path)
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--output-dir", metavar="DIR", type=Path, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where it runs")
    parser.add_argument(
        "--allow-other-fixture",
        action="store_true",
        help="use a fixture other than the one that the checkpoint was trained on",
    )
    json_output.add(parser)


def run(arguments: argparse.Namespace) -> int:
    fixture = loading.load(arguments.name)
    from registry.training import imports

    found = imports.inference().infer(
        arguments.checkpoint,
        fixture,
        arguments.output_dir,
        device=arguments.device,
        allow_other_fixture=arguments.allow_other_fixture,
    )
    if arguments.json:
        json_output.say(found)
        return 0
    of_object = found["object"]
    console.say(
        f"amplitude error {found['amplitude_error']:.4f}, "
        f"{found['amplitude_error_ratio']:.3f} of the best constant object's; "
        f"stitched R-factor {found['stitched_r_factor']:.3f}"
    )
    console.say(
        f"against the object: amplitude correlation {of_object['amplitude_correlation']:.3f}, "
        f"phase error {of_object['phase_error_rad']:.3f} rad"
    )
    console.say(f"{arguments.output_dir / 'reconstruction.npz'}, amplitude.png, phase.png")
    return 0
