"""What the program ``fixtures`` runs; the command itself is `registry.cli`."""

from __future__ import annotations

import sys

from fixture_registry import message, shadow

# As of `registry.errors.UsageError`.
_WRONG_USE = 2


def main() -> int:
    """Run the command, or say what stands in the place of its package; the exit code."""
    found = shadow()
    if found is not None:
        sys.stderr.write(f"error: {message('fixtures', found)}\n")
        return _WRONG_USE
    from registry.cli import main

    return main()
