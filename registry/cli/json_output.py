"""``--json``: what a command finds, as a document for programs in place of a table."""

from __future__ import annotations

import argparse
import json
from typing import Any


def add(parser: argparse.ArgumentParser) -> None:
    """Give a command the flag."""
    parser.add_argument("--json", action="store_true", help="print a JSON document")


def say(document: Any) -> None:
    """Print a document; numbers that JSON does not have are refused."""
    print(json.dumps(document, indent=2, allow_nan=False))
