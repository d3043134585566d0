"""Prints, as JSON, what a build would find here: `run.py` starts it with a build's environment.

Setting a variable proves nothing: a misspelt CPU feature, or one that the CPU lacks, switches
nothing off. So every key is something measured.
"""

import hashlib
import json
import locale
import math
import os
import struct
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from registry import machine


def digest(data: bytes) -> str:
    """First 8 digits, enough to see a change."""
    return hashlib.sha256(data).hexdigest()[:8]


def libm() -> str:
    """Digest of sin and exp as Python has them, straight from the C library."""
    points = [k * 7919 % 100003 / 1000 for k in range(50000)]
    values = [*map(math.sin, points), *map(math.exp, points)]
    return digest(struct.pack(f"{len(values)}d", *values))


def matmul() -> str:
    """Digest of a matrix product, whose order of summation is the BLAS kernel's."""
    matrix = (np.arange(10000) * 7919 % 100003 / 1000).reshape(100, 100)
    return digest((matrix @ matrix).tobytes())


def threads() -> int | None:
    """Threads of this process: BLAS starts its own when numpy is imported. None if unknown."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else None


def umask() -> str:
    """The umask in octal."""
    mask = os.umask(0)
    os.umask(mask)
    return f"{mask:03o}"


if __name__ == "__main__":
    here = asdict(machine.here())
    found = {
        "numpy": np.__version__,
        "features": here["features"],
        "blas": np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"],
        "libm": libm(),
        "matmul": matmul(),
        "threads": threads(),
        "utc offset": -time.timezone,
        "encoding": locale.getencoding(),
        "umask": umask(),
        "hash": hash("fixture") % 10**6,
        "folder": Path.cwd().name,
        "here": here,
    }
    print(json.dumps(found))
