"""Prints, as JSON, what a build would find here: `run.py` starts it with a build's environment.

Setting a variable proves nothing: a misspelt CPU feature, or one that the CPU lacks, switches
nothing off. So every key is something measured.
"""

import hashlib
import json
import locale
import math
import os
import platform
import struct
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from registry import machine

EXACT = "+ - * / sqrt"


def digest(data: bytes) -> str:
    """First 8 digits, enough to see a change."""
    return hashlib.sha256(data).hexdigest()[:8]


def of(values: np.ndarray) -> str:
    """Digest of values, in whichever byte order this machine has them."""
    return digest(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes())


def libm() -> str:
    """Digest of sin and exp as Python has them, straight from the C library."""
    points = [k * 7919 % 100003 / 1000 for k in range(50000)]
    values = [*map(math.sin, points), *map(math.exp, points)]
    return digest(struct.pack(f"<{len(values)}d", *values))


def matmul() -> str:
    """Digest of a matrix product, whose order of summation is the BLAS kernel's."""
    matrix = (np.arange(10000) * 7919 % 100003 / 1000).reshape(100, 100)
    return of(matrix @ matrix)


def arithmetic() -> dict[str, str]:
    """Digests of what may differ between machines, of numbers that are the same on all of them.

    The last is what generators keep to, and differs on none.
    """
    bits = np.random.PCG64(1).random_raw(40000) >> np.uint64(11)
    x = bits.astype(np.float64) * 2.0**-53
    y, image = np.roll(x, 1), x.reshape(200, 200)
    z = x + 1j * y
    return {
        "exp": of(np.exp(x)),
        "log": of(np.log(x + 1e-9)),
        "sin": of(np.sin(100 * x)),
        "arctan": of(np.arctan(x)),
        "power": of(x**0.3),
        "complex product": of(z * np.roll(z, 3)),
        "abs": of(np.abs(z)),
        "sum": of(image.sum(axis=1)),
        "matmul": of(image @ image),
        "einsum": of(np.einsum("ij,kj->ik", image, image)),
        "fft": of(np.fft.fft2(image)),
        "normal": of(np.random.RandomState(7).normal(size=20000)),
        EXACT: of(np.sqrt((x + y) * (x - y) * x / (y + 1) + 1)),
    }


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
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
        "bits": struct.calcsize("P") * 8,
        "byte order": sys.byteorder,
        "features": here["features"],
        "blas": np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"],
        "arithmetic": arithmetic(),
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
