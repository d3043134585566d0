"""A process and what it has started, ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started in a session of its own, and its descendants.

    One that has ended by itself is left alone. The caller waits for it.
    """
    if sys.platform == "win32":
        # There are no groups of processes that are ended as one: the system's own program looks for
        # those whose parent it is. By its path, for one of that name may lie in the working folder.
        program = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")
        with suppress(OSError):
            subprocess.run(
                [os.fspath(program), "/F", "/T", "/PID", str(process.pid)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
