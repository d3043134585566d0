"""How a program of ours ends: a message a user can act on, and an exit code that says what kind."""

from __future__ import annotations

import sys
from collections.abc import Callable

from registry.errors import RegistryError


def run(program: Callable[[], int]) -> int:
    """Run a program; turn errors raised on purpose into a message and their exit code."""
    try:
        return program()
    except RegistryError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # the reader of a pipe has seen enough; the interpreter must not flush into it again
        sys.stdout = None
        return 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
