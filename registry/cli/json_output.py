"""``--json``: what a command finds, as a document for programs in place of a table."""

from __future__ import annotations

import argparse
import json
from typing import Any

from registry.errors import RegistryError


def add(parser: argparse.ArgumentParser) -> None:
    """Give a command the flag."""
    parser.add_argument("--json", action="store_true", help="print a JSON document")


def error(found: RegistryError) -> dict[str, Any]:
    """What is wrong, for a document: the four parts of its message, and its exit code."""
    return {**found.parts, "exit_code": found.exit_code}


def say(document: Any) -> None:
    """Print a document; numbers that JSON does not have are refused."""
    print(json.dumps(document, indent=2, allow_nan=False))
