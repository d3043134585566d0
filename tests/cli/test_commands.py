"""Tests of how `registry.cli` finds its subcommands."""

from __future__ import annotations

import subprocess
import sys

import pytest

from registry.cli import COMMANDS, main

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
    assert done.stderr.split() == ["registry.cli.show", "registry.cli.table"], "another command's"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(command, capsys):
    """Every command of the table exists, under its own name, and prints its usage."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0, "help failed"
    assert capsys.readouterr().out.startswith(f"usage: fixtures {command} "), "another usage"


def test_an_unknown_command(capsys):
    """An unknown command is wrong use, and the message lists those there are."""
    with pytest.raises(SystemExit) as ended:
        main(["shwo"])
    assert ended.value.code == 2, "not the exit code of wrong use"
    message = capsys.readouterr().err
    missing = [command for command in COMMANDS if command not in message]
    assert not missing, f"not listed: {missing}"
