"""``--json``: which commands have it, by their parsers, and that the page says so."""

from __future__ import annotations

import argparse
import importlib
import re

import pytest

from registry.cli import COMMANDS
from tests.kit.repository import REPOSITORY

# Columns of the page's two tables: with the option, and without.
WITH, WITHOUT = "its document", "why"


def takes_json(command: str) -> bool:
    """Whether a command's parser has the option."""
    parser = argparse.ArgumentParser()
    importlib.import_module(f"registry.cli.{command.replace('-', '_')}").add_arguments(parser)
    return "--json" in parser.format_usage()


@pytest.fixture(scope="module")
def tables() -> dict[str, list[str]]:
    """Commands that stand in each table of the page, by the head of its second column."""
    text = (REPOSITORY / "docs" / "command-line.md").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for head, body in re.findall(
        r"(?m)^\| command \| (.+) \|\n\| --- \| --- \|\n((?:\|.*\n)+)", text
    ):
        cells = [line.split("|")[1] for line in body.splitlines()]
        found[head] = [name for cell in cells for name in re.findall(r"`([a-z-]+)`", cell)]
    assert list(found) == [WITH, WITHOUT]
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_prints_a_document_or_says_why_not(tables, command):
    """Each is in one table of the page, by what its parser takes."""
    right, wrong = (WITH, WITHOUT) if takes_json(command) else (WITHOUT, WITH)
    assert command in tables[right], f"of {command} the page does not say the truth"
    assert command not in tables[wrong], f"{command} stands in both tables"


def test_the_page_has_no_other_commands(tables):
    """One that is gone leaves it, and none stands there twice."""
    assert sorted([*tables[WITH], *tables[WITHOUT]]) == sorted(COMMANDS)
