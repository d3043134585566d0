"""The program of a child process: ``python -m registry.mutants.child FOLDER``.

Nothing but this program replaces a fixture, and nothing but `registry.mutants` starts it: there is
no variable and no option that a run of tests could have set by accident.
"""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path

from registry.mutants.plan import Plan


def main(folder: Path) -> int:
    """Run the plan that lies in a folder; pytest's exit code."""
    plan = Plan.read(folder)
    # as the command has it, so that tests import what they do without it
    sys.path[:] = plan.path
    # Hypothesis keeps examples that failed; those that fail with a mistake are no use without it
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder / "hypothesis")
    sys.argv[:] = ["pytest", *plan.arguments]
    import pytest

    from registry import loading
    from registry.mutants.handing import Handing
    from registry.mutants.journal import Writer
    from registry.mutants.plugin import Plugin
    from registry.mutants.uses import Uses

    uses, writer = Uses(), Writer(folder)
    loading.replace = Handing(plan, folder, uses)
    code = int(pytest.main([*plan.arguments], plugins=[Plugin(plan, folder, uses, writer)]))
    writer.finished(code)
    return code


if __name__ == "__main__":
    ended = main(Path(sys.argv[1]))
    # What tests left to be done at the end is done. To take all modules apart one by one takes a
    # tenth of a small suite's time, and is of no use to anybody.
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(ended)
