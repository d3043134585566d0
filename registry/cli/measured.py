"""One command of ``fixtures`` as a process that says what it took: only a process knows its peak.

``python -m registry.cli.measured REPORT train NAME ...`` runs the command and writes a JSON
document beside what that writes: ``imports_s`` and ``peak_rss_bytes``.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from registry import console, files
from registry.cli import infer, train
from registry.errors import MissingError
from registry.training import imports

# By name, so that what these programs do is known from the text: see registry/build/closure.py.
_COMMANDS = {"train": (train, imports.workflow), "infer": (infer, imports.inference)}

_STATUS = Path("/proc/self/status")


def main(argv: Sequence[str]) -> int:
    """Run a command; returns its exit code. Only where that is 0 is there a report."""
    report, name, *arguments = argv
    command, imported = _COMMANDS[name]
    parser = argparse.ArgumentParser(prog=f"fixtures {name}", allow_abbrev=False)
    command.add_arguments(parser)
    given = parser.parse_args(arguments)
    begin = time.perf_counter()
    # ahead of the command, which then finds them imported
    imported()
    took = time.perf_counter() - begin
    code: int = command.run(given)
    if code == 0:
        document = {"imports_s": round(took, 3), "peak_rss_bytes": peak_rss_bytes()}
        files.write_atomic(Path(report), json.dumps(document).encode())
    return code


def peak_rss_bytes(status: Path = _STATUS) -> int:
    """The most memory that this process has had.

    On Linux as the kernel's status file says it: what getrusage says a process inherits from the
    one that started it. Elsewhere there is only getrusage.

    Raises
    ------
    MissingError
        There is neither, as on Windows.
    """
    if status.exists():
        found = re.search(r"^VmHWM:\s*(\d+) kB$", status.read_text(), re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024
    if sys.platform == "win32":
        raise MissingError(
            "measured command",
            expected="a system that says how much memory a process has had",
            found="Windows, of which that is not asked",
            remedy="run it on Linux or macOS, or in the Windows subsystem for Linux",
        )
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    sys.exit(console.run(lambda: main(sys.argv[1:])))
