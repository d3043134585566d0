"""What commands take as processes of their own, on one thread: time, memory, and files they leave.

Nothing here imports torch: it is the children that need it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import console, files, temporary
from registry.errors import CheckError, MissingError

# Whatever might start threads of its own: OpenMP, and the libraries that numpy is built with.
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
_EVERY_S = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a training and the inference after it took, and what came of them.

    ``figures`` are those of `run`, with ``torch_``, ``train_`` or ``infer_`` before their names,
    and ``artifact_bytes`` and ``artifact_files`` of all that was left. ``learned`` and ``inferred``
    are what ``train.json`` and ``infer.json`` say.
    """

    figures: Mapping[str, float]
    learned: Mapping[str, Any]
    inferred: Mapping[str, Any]
    reconstruction: bytes


def workflow(root: Path, fixture: str, options: Mapping[str, object]) -> Outcome:
    """Import torch, train with these options, infer, in a folder that is gone afterwards.

    Raises
    ------
    RegistryError
        The one with which a command failed.
    """
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    with temporary.folder("envelope") as folder:
        results = folder / "results"
        place = f"--output-dir={results}"
        commands = {
            "torch": ("-c", "import torch"),
            "train": ("-m", "registry.cli", "train", fixture, place, *flags),
            "infer": ("-m", "registry.cli", "infer", f"{results / 'model.ckpt'}", fixture, place),
        }
        figures = {
            f"{name}_{figure}": value
            for name, command in commands.items()
            for figure, value in run(root, *command).items()
        }
        sizes = [path.stat().st_size for path in results.rglob("*") if path.is_file()]
        return Outcome(
            figures={**figures, "artifact_bytes": sum(sizes), "artifact_files": len(sizes)},
            learned=json.loads(files.read(results / "train.json")),
            inferred=json.loads(files.read(results / "infer.json")),
            reconstruction=files.read(results / "reconstruction.npz"),
        )


def run(root: Path, *arguments: str) -> dict[str, float]:
    """What Python takes on one thread in the registry's top folder, with all that it starts.

    Returns
    -------
    dict
        ``wall_s`` from start to end, to 0.05 s; ``cpu_s`` of user and system; ``peak_rss_bytes``,
        the most resident memory of all of them at one time.

    Raises
    ------
    RegistryError
        The one with which it failed.
    """
    if sys.platform == "win32":
        raise MissingError(
            "measured command",
            expected="a system that says how much memory a process has had",
            found="Windows, of which that is not asked",
            remedy="run it on Linux or macOS, or in the Windows subsystem for Linux",
        )
    import resource

    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-P", *arguments],
            cwd=root,
            env={**os.environ, **_ONE_THREAD, **console.AS_JSON},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        seen = [0]
        with process:
            while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
                seen.append(_resident(process.pid))
                time.sleep(_EVERY_S)
            wall = time.perf_counter() - begin
            code = process.returncode = os.waitstatus_to_exitcode(ended[1])
        if code:
            said.seek(0)
            text = said.read().decode(errors="replace")
            raise console.reported(code, text) or CheckError(
                f"measured process: python {' '.join(arguments)}",
                expected="exit code 0",
                found="\n            ".join([f"exit code {code}", *text.splitlines()[-12:]]),
                remedy="mend what it says, then run the command again",
            )
    # The kernel's figure misses no peak of the largest process. It starts with what this one has
    # had, up to which it tells nothing; and of several at one time only a look at all of them does.
    inherited, used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, ended[2]
    largest = used.ru_maxrss if used.ru_maxrss > inherited else 0
    return {
        "wall_s": round(wall, 3),
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
        "peak_rss_bytes": max(*seen, largest * (1 if sys.platform == "darwin" else 1024)),
    }


def _resident(pid: int) -> int:
    """Bytes that a process and its descendants have now; 0 where one ends meanwhile."""
    import psutil

    with suppress(psutil.Error):
        first = psutil.Process(pid)
        tree = [first, *first.children(recursive=True)]
        return sum(int(process.memory_info().rss) for process in tree)
    return 0
