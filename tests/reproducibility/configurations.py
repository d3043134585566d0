"""What a build must not depend on: the configurations under which `run.py` rebuilds everything."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NEWEST = "newest"
ALL_FEATURES, AVX512 = "all", "AVX-512"


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """One way in which a machine may differ from another.

    numpy : str or None
        Version to build with, `NEWEST`, or None for the environment's own.
    without : str or None
        CPU features that numpy must not use: `ALL_FEATURES` beyond what it was compiled for, or
        those of `AVX512`.
    environment : mapping
        Variables, on top of those of `ENVIRONMENT`.
    folder : str
        Name of the working directory, the configuration's own name if empty.
    shows : str
        Key of the probe that tells whether the configuration took effect.
    value : object
        What the probe must find there. None: anything but what it finds in the baseline.
    """

    name: str
    numpy: str | None = None
    without: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    umask: int = 0o022
    folder: str = ""
    shows: str = ""
    value: Any = None


# The baseline. What is not set here, and could matter, is removed from the caller's environment.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TZ": "UTC0",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
}
REMOVED = ("NPY_", "OPENBLAS_", "OMP_", "MKL_", "GLIBC_", "PYTHON", "LC_", "LANG", "TZ", "DVC_")

CONFIGURATIONS = (
    Configuration(name="baseline"),
    Configuration(name="numpy-1.26", numpy="1.26.4"),
    Configuration(name="numpy-2.0", numpy="2.0.2"),
    Configuration(name="numpy-newest", numpy=NEWEST),
    Configuration(name="no-avx512", without=AVX512),
    Configuration(name="no-cpu-features", without=ALL_FEATURES),
    Configuration(name="numpy-1.26-no-cpu-features", numpy="1.26.4", without=ALL_FEATURES),
    Configuration(name="numpy-2.0-no-cpu-features", numpy="2.0.2", without=ALL_FEATURES),
    Configuration(
        name="glibc",
        environment={"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F"},
        shows="libm",
    ),
    # a core without AVX, whatever this one is
    Configuration(name="openblas", environment={"OPENBLAS_CORETYPE": "Nehalem"}, shows="matmul"),
    Configuration(
        name="two-threads",
        environment={
            "OPENBLAS_NUM_THREADS": "2",
            "OMP_NUM_THREADS": "2",
            "MKL_NUM_THREADS": "2",
        },
        shows="threads",
        value=2,
    ),
    # POSIX form, which needs no database of zones: 5 h 45 min ahead of UTC
    Configuration(name="timezone", environment={"TZ": "XYZ-5:45"}, shows="utc offset", value=20700),
    # ASCII, which is installed everywhere; Python must not replace it by UTF-8
    Configuration(
        name="language",
        environment={
            "LANG": "C",
            "LC_ALL": "C",
            "PYTHONCOERCECLOCALE": "0",
            "PYTHONUTF8": "0",
        },
        shows="encoding",
    ),
    Configuration(name="umask", umask=0o077, shows="umask", value="077"),
    Configuration(name="hash-seed", environment={"PYTHONHASHSEED": "1084"}, shows="hash"),
    Configuration(name="folder", folder="wörk ☂ 2", shows="folder", value="wörk ☂ 2"),
)


class NoEffect(Exception):
    """A configuration's settings did not do what they are there for."""


def unavailable(configuration: Configuration, base: Mapping[str, Any]) -> str | None:
    """Why there is nothing to run here: told from the machine, not from a setting that failed.

    ``base`` is what the probe finds in the baseline.
    """
    x86 = platform.machine() in ("x86_64", "AMD64")
    if configuration.numpy in ("1.26.4", "2.0.2") and sys.version_info >= (3, 13):
        return f"numpy {configuration.numpy} is not available for this Python: it has no wheel"
    if configuration.numpy == base["numpy"]:
        return f"numpy {base['numpy']} is the baseline's"
    if configuration.without == AVX512 and not switched_off(AVX512, base["features"]):
        return "this CPU has no AVX-512"
    if configuration.without and not base["features"]:
        return "this CPU has no features to switch off"
    if configuration.name == "glibc":
        if not x86 or platform.libc_ver()[0] != "glibc":
            return "the C library is not glibc on x86-64"
        if "avx2" not in Path("/proc/cpuinfo").read_text().split():
            return "this CPU has no AVX2 to switch off"
    if configuration.name == "openblas" and not (x86 and "openblas" in base["blas"]):
        return "numpy's BLAS is not OpenBLAS on x86-64"
    if configuration.name == "two-threads":
        if base["threads"] is None:
            return "threads cannot be counted here"
        if len(os.sched_getaffinity(0)) < 2:
            return "there is one core"
    return None


def switched_off(without: str, features: list[str]) -> list[str]:
    """Those of numpy's features, by the names that this numpy has for them, to switch off."""
    if without == ALL_FEATURES:
        return features
    return [name for name in features if name == "X86_V4" or name.startswith("AVX512")]


def effect(
    configuration: Configuration,
    found: Mapping[str, Any],
    base: Mapping[str, Any],
    off: list[str],
) -> str:
    """What a configuration changed, in words.

    Parameters
    ----------
    found, base : mapping
        What the probe finds in the configuration, and in the baseline.
    off : list of str
        The features that numpy was told not to use.

    Raises
    ------
    NoEffect
        It did not change what it is there to change.
    """
    words = []
    expected = base["numpy"] if configuration.numpy is None else configuration.numpy
    if found["numpy"] != expected:
        raise NoEffect(f"numpy {expected} expected, {found['numpy']} imported")
    if configuration.without:
        still_on = [name for name in off if name in found["features"]]
        if still_on or not off:
            raise NoEffect(f"CPU features still on: {' '.join(still_on) or 'all'}")
        words.append(f"off: {' '.join(off)}")
    if configuration.shows:
        value, before = found[configuration.shows], base[configuration.shows]
        if value == before or configuration.value not in (None, value):
            raise NoEffect(f"{configuration.shows} is {value}, in the baseline {before}")
        words.append(f"{configuration.shows}: {value}, not {before}")
    return "; ".join(words) or f"on: {' '.join(found['features']) or 'none'}"
