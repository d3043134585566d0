"""Tests of how `registry.cli` finds its subcommands."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import registry.cli
from registry.cli import COMMANDS, main

FOLDER = Path(registry.cli.__file__).parent

IMPORTED = """
import sys
from registry.cli import main
try:
    main(["show", "--help"])
except SystemExit:
    pass
print(*sorted(name for name in sys.modules if name.startswith("registry.cli.")), file=sys.stderr)
"""


def test_only_the_command_that_runs_is_imported():
    """A command does not pay for the imports of the others."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True
    )
    own = ["registry.cli.json_output", "registry.cli.show", "registry.cli.table"]
    assert done.stderr.split() == own, "another command's"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(command, capsys):
    """Every command of the table exists, under its own name, and prints its usage."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0, "help failed"
    assert capsys.readouterr().out.startswith(f"usage: fixtures {command} "), "another usage"


def test_an_unknown_command(capsys):
    """It is wrong use, and the message says what may have been meant."""
    assert main(["shwo", "--json"]) == 2, "not the exit code of wrong use"
    assert capsys.readouterr().err == (
        "error: fixtures shwo\n"
        "  expected: a command; perhaps show\n"
        "  found:    no such one\n"
        "  to mend:  fixtures --help lists them, with what each is for\n"
    )
    assert main(["zzz"]) == 2
    assert "expected: a command\n" in capsys.readouterr().err, "nothing is like it"


def test_help_says_what_is_the_case_where_an_option_is_absent(capsys):
    """Once, and not of what is off, or absent."""
    with contextlib.suppress(SystemExit):
        main(["train", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "--max-epochs N at most (default: 2)" in said
    assert "--n-images N default: all that the fixture has --gridsize" in said
    assert "None" not in said
    assert "False" not in said


def test_what_was_typed_steers_no_terminal(capsys):
    """An error repeats it, and shows what it hides."""
    for typed in (["sh\x1b[2Jow"], ["list", "\u202e"], ["verify", "--\x1b"]):
        with contextlib.suppress(SystemExit):
            main(typed)
        message = capsys.readouterr().err
        assert message.replace("\n", "").isprintable(), f"raw: {typed}"


# ASCII, and for programs
JSON = ("print(json.dumps(", 'print(data.decode("ascii")')


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_everything_is_said_in_one_way(path):
    """Commands print by `registry.console`, which shows what a text hides; not so JSON."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    printed = [
        line
        for line in lines
        if re.search(r"(?<![\w.])print\(|sys\.std(out|err)\.write", line)
        and not line.startswith(JSON)
    ]
    # what it prints is its own words, names that were held to their form, and sizes
    assert not printed or path.stem == "pull", f"printed raw: {printed}"
