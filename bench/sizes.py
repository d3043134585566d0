"""What fixtures of large frames take: memory and processor time of both stages."""

from __future__ import annotations

import shutil

from bench import scratch
from bench.results import Section, at_most, table
from bench.timing import ROOT
from registry.build.scratch import flags

TITLE = "fixtures of large frames, built and checked"
# Rows and columns of a frame, how many there are, and the memory that either stage may take.
_SIZES = ((128, 500, 500), (256, 1000, 1000))
_HEADER = [
    "frames",
    "source stage, peak MB",
    "processor s",
    "fixture stage, peak MB",
    "processor s",
]

# One stage as DVC runs it; its peak memory is read inside it, for a parent's would be inherited.
_STAGE = """
import re, sys, time
from pathlib import Path
from registry.build import fixture, source
code = {"source": source, "fixture": fixture}[sys.argv[1]].main(sys.argv[2:])
status = Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) * 1024 / 1e6, time.process_time())
sys.exit(code)
"""


def run(name: str) -> Section:
    """Build each from a simulated source, one after the other."""
    rows, verdicts = [], []
    for size, count, most in _SIZES:
        with scratch.folder() as folder:
            for part in ("generators", "schemas"):
                shutil.copytree(ROOT / part, folder / part)
            simulated = {"generator": "simulate_v3", "licence": "CC0-1.0", "seed": 7, "size": size,
                         "positions": count, "photons_per_frame": 1000000,
                         "max_amplitude": 1.7}  # fmt: skip
            cut = {"generator": "subset_v2", "source": "twin", "strategy": "evenly_spaced",
                   "n_subset": count, "diff3d": True,
                   "created": "2026-11-27T00:00:00+00:00"}  # fmt: skip
            figures = [
                figure
                for stage, made, entry in (
                    ("source", "twin", simulated),
                    ("fixture", "fixtures/sized_v1", cut),
                )
                for figure in scratch.run(
                    folder, "-c", _STAGE, stage, made, *flags(entry, folder)
                ).split()[-2:]
            ]
        what = f"{count} of {size} × {size}"
        rows.append([what, *(f"{float(figure):.0f}" for figure in figures)])
        peak = max(float(figures[0]), float(figures[2]))
        verdicts.append(at_most(f"peak memory of either stage, {what}", most, peak, "MB"))
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "Both stages as DVC runs them, from start to end of a process, with all checks and all "
            "planted mistakes; frames are simulated, with 1e6 photons each, and stored twice, as "
            "`diff3d` as well.",
            table(_HEADER, rows),
        ],
        verdicts=verdicts,
    )
