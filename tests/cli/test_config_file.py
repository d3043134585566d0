"""Tests of `registry.cli.config_file`."""

from __future__ import annotations

import argparse

import pytest

from registry.cli import config_file
from registry.errors import MissingError, UsageError


def _count(text):
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a count, found {text}")
    return int(text)


@pytest.fixture
def parse(tmp_path):
    """What a command makes of a file and of what is typed after it."""

    def run(text, *typed, name="given.yaml"):
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        words = ["--config", str(path), *typed]
        parser = argparse.ArgumentParser()
        options = [
            parser.add_argument("--max-epochs", type=_count, default=2),
            parser.add_argument("--loss", choices=("mae", "nll"), default="mae"),
            parser.add_argument("--output-dir", required=True),
        ]
        parser.set_defaults(trainer={})
        config_file.add_arguments(parser, options, words, free="trainer")
        return parser.parse_args(words)

    return run


def test_what_is_typed_comes_first(parse):
    """The file is in the place of defaults, also of what has to be given."""
    found = parse("max_epochs: 5\noutput_dir: out\ntrainer: {max_time: null}\n", "--loss", "nll")
    assert (found.max_epochs, found.loss, found.output_dir) == (5, "nll", "out")
    assert found.trainer == {"max_time": None}
    assert parse("max_epochs: 5\noutput_dir: out\n", "--max-epochs=7").max_epochs == 7


def test_with_an_equals_sign(tmp_path):
    """`--config=FILE` is the same; and without any there is nothing to read."""
    path = tmp_path / "given.yaml"
    path.write_text("max_epochs: 5\n")
    for words, expected in (([f"--config={path}"], 5), ([], 2)):
        parser = argparse.ArgumentParser()
        option = parser.add_argument("--max-epochs", type=int, default=2)
        config_file.add_arguments(parser, [option], words, free="trainer")
        assert parser.parse_args(words).max_epochs == expected, words


@pytest.mark.parametrize(
    ("text", "subject", "expected", "found"),
    [
        ("max_epoch: 5", "given.yaml: max_epoch", "; perhaps max_epochs", "no such one"),
        ("max_epochs: five", "given.yaml: max_epochs", "a count", "five"),
        ("loss: mse", "given.yaml: loss", "one of mae, nll", "mse"),
        ("trainer: 3", "given.yaml: trainer", "a mapping of names", "3"),
        ("trainer: {a: 2026-01-01}", "given.yaml: trainer", "a mapping", "datetime.date"),
        ("trainer: {a: .nan}", "given.yaml: trainer", "a mapping", "nan"),
        ("trainer: {1: 2}", "given.yaml: trainer", "a mapping", "{1: 2}"),
        ("- max_epochs", "given.yaml", "a mapping of options", "a list"),
        ("", "given.yaml", "a mapping of options", "a NoneType"),
        ("a: [", "given.yaml", "YAML", "line 2"),
    ],
)
def test_what_is_refused(parse, text, subject, expected, found):
    """Each with the file's name, what it should have said, and what it says."""
    with pytest.raises(UsageError) as caught:
        parse(text + "\n", "--output-dir", "out")
    assert caught.value.subject.endswith(subject)
    assert expected in caught.value.expected, caught.value.expected
    assert found in caught.value.found, caught.value.found


def test_no_such_file(parse):
    """A file that is not there is named."""
    with pytest.raises(MissingError, match=r"other\.yaml") as caught:
        parse(None, "--output-dir", "out", name="other.yaml")
    assert caught.value.found == "No such file or directory"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", 1), ("0.5", 0.5), ("true", True), ("norm", "norm"), ("[1, 2]", [1, 2]),
     ("00:00:10:00", "00:00:10:00"), ("bf16-mixed", "bf16-mixed"), ("NaN", "NaN")],
)  # fmt: skip
def test_values(text, expected):
    """A number is a number; what JSON does not know is a text."""
    assert config_file.value(text) == expected
