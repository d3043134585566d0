"""The machine, as far as it may matter to a byte; nothing that names it, its user or its place.

Only what numpy, Python and the C library say of themselves is asked, and those variables alone that
change how numbers are computed: a time zone or a language says where somebody lives, and a folder's
name says who that is.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass

# Variables that change arithmetic, or the order of sets. None of them holds a name or a path.
SETTINGS = (
    "GLIBC_TUNABLES",
    "MKL_NUM_THREADS",
    "NPY_DISABLE_CPU_FEATURES",
    "OMP_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "PYTHONHASHSEED",
    "QEMU_CPU",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What a build ran on, and under which settings.

    ``features`` are the CPU features that numpy dispatches on and finds switched on, beyond what it
    was compiled for. ``settings`` are variables of the environment, and whatever else was set.
    """

    architecture: str
    byte_order: str
    system: str
    libc: str
    python: str
    numpy: str
    features: tuple[str, ...]
    settings: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.architecture}, {self.libc}, numpy {self.numpy}"


def here() -> Machine:
    """The machine, the interpreter and the environment of this process."""
    import numpy as np

    return Machine(
        architecture=platform.machine(),
        byte_order=sys.byteorder,
        system=platform.system(),
        libc=libc(),
        python=platform.python_version(),
        numpy=np.__version__,
        features=features(),
        settings={name: os.environ[name] for name in SETTINGS if os.environ.get(name)},
    )


def features() -> tuple[str, ...]:
    """CPU features that numpy may use and does, by the names that this numpy has for them."""
    try:
        from numpy._core import _multiarray_umath as core  # type: ignore[attr-defined]
    except ImportError:  # numpy 1
        from numpy.core import _multiarray_umath as core
    return tuple(name for name in core.__cpu_dispatch__ if core.__cpu_features__[name])


def libc() -> str:
    """The C library with its version; where it comes with the system, the system with its own."""
    found = " ".join(platform.libc_ver()).strip()
    if not found and platform.system() in ("Darwin", "Windows"):
        return f"{platform.system()} {platform.release()}"
    return found or "not glibc"
