"""``fixtures train``: the reference training on a fixture."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import math
import sys
import time
from pathlib import Path
from typing import Any

from registry import console, loading
from registry.cli import config_file, json_output
from registry.training import ending
from registry.training.options import DEVICES, LOGGERS, LOSSES, Options

_FLAG = "--trainer."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    default = {field.name: field.default for field in dataclasses.fields(Options)}
    parser.add_argument("name", metavar="NAME")
    options = [
        parser.add_argument("--output-dir", metavar="DIR", type=Path, required=True),
        parser.add_argument("--max-epochs", metavar="N", type=_positive, help="at most"),
        parser.add_argument(
            "--n-images", metavar="N", type=_positive, help="default: all that the fixture has"
        ),
        parser.add_argument("--gridsize", type=_positive, help="1 or 2: images in a row"),
        parser.add_argument(
            "--batch-size", metavar="N", type=_positive, help="images, or groups of them"
        ),
        parser.add_argument("--device", choices=DEVICES, help="where it runs"),
        parser.add_argument("--seed", type=_seed, help="of weights and order"),
        parser.add_argument("--loss", choices=LOSSES, help="what is made small"),
        parser.add_argument("--lr", metavar="RATE", type=_rate, help="learning rate"),
        parser.add_argument("--logger", choices=LOGGERS, help="what writes the loss of each step"),
    ]
    for option in options:
        option.default = default[option.dest]
    options[0].default = None
    parser.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint in the output folder"
    )
    words = getattr(parser, "words", ())
    parser.set_defaults(trainer={})
    config_file.add_arguments(parser, options, words, free="trainer")
    named = {word.partition("=")[0] for word in words if word.startswith(_FLAG)}
    for flag in sorted(named - {_FLAG}):
        parser.add_argument(
            flag, type=config_file.value, action=_TrainerFlag, help="a flag of Lightning's Trainer"
        )
    parser.epilog = (
        f"{_FLAG}FLAG VALUE gives Lightning's Trainer any of its flags, such as "
        f"{_FLAG}gradient_clip_val 1"
    )
    json_output.add(parser)


class _TrainerFlag(argparse.Action):
    """Keeps a flag of Lightning's Trainer beside those that a file has."""

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, value: Any, option: Any = None
    ) -> None:
        namespace.trainer = {**namespace.trainer, str(option).removeprefix(_FLAG): value}


def run(arguments: argparse.Namespace) -> int:
    kept = arguments.output_dir / "model.ckpt"

    def last_words() -> list[str]:
        words = f"{kept} holds the last whole epoch: --resume goes on from it"
        return ["", words] if kept.is_file() else []

    with ending.at_once(last_words):
        fixture = loading.load(arguments.name)
        begin = time.perf_counter()
        from registry.training import imports

        workflow = imports.workflow()
        took = time.perf_counter() - begin
        names = [field.name for field in dataclasses.fields(Options)]
        options = Options(**{name: getattr(arguments, name) for name in names})
        try:
            # a document is alone on stdout: the progress bar is not
            with contextlib.redirect_stdout(sys.stderr if arguments.json else sys.stdout):
                found = workflow.train(fixture, options)
        except KeyboardInterrupt:
            console.say(*last_words(), file=sys.stderr)
            raise
        except SystemExit:
            console.say(*last_words(), "terminated", file=sys.stderr)
            raise
    if arguments.json:
        json_output.say(found)
        return 0
    console.say(
        f"{arguments.name}: {found['steps']} steps, loss {found['first_loss']:.3f} -> "
        f"{found['last_loss']:.3f}; {_seconds({'imports': took, **found['seconds']})}"
    )
    console.say(
        f"amplitude error {found['amplitude_error']:.4f}, "
        f"{found['amplitude_error_ratio']:.3f} of the best constant object's"
    )
    if found["unseen_object"] is not None:
        console.say(
            f"on frames not trained on: {found['unseen_amplitude_error_ratio']:.3f} of it; "
            f"amplitude correlation {found['unseen_object']['amplitude_correlation']:.3f}"
        )
    console.say(kept)
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


def _rate(text: str) -> float:
    """A number more than 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"expected a number more than 0, found {text}")
    return value
