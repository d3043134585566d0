"""What a build must not depend on: the configurations under which `run.py` rebuilds everything."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import emulated
from emulated import AARCH64, ARMHF, I386, RISCV64, S390X, Root

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
    root : Root or None
        Another instruction set, None for this machine's own.
    processor : str
        The one that QEMU is to emulate, in place of the one of that kind that can do most.
    weekly : bool
        Whether it is left to ``make reproducibility-all``.
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
    root: Root | None = None
    processor: str = ""
    weekly: bool = False
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
    Configuration(name="aarch64", root=AARCH64),
    Configuration(name="aarch64-numpy-1.26", root=AARCH64, numpy="1.26.4", weekly=True),
    Configuration(name="aarch64-numpy-2.0", root=AARCH64, numpy="2.0.2", weekly=True),
    # without SVE, and with nothing but what every aarch64 has
    Configuration(name="aarch64-neon", root=AARCH64, processor="cortex-a72", weekly=True),
    Configuration(name="riscv64", root=RISCV64, weekly=True),
    Configuration(name="riscv64-no-vector", root=RISCV64, processor="max,v=off", weekly=True),
    Configuration(name="armhf", root=ARMHF, weekly=True),
    Configuration(name="i386", root=I386, weekly=True),
    Configuration(name="i386-sse3", root=I386, processor="coreduo", weekly=True),
    Configuration(name="s390x", root=S390X, weekly=True),
    Configuration(name="s390x-no-vxe2", root=S390X, processor="max,vxeh2=off", weekly=True),
)


class NoEffect(Exception):
    """A configuration's settings did not do what they are there for."""


def unavailable(configuration: Configuration, base: Mapping[str, Any]) -> str | None:
    """Why there is nothing to run here: told from the machine, not from a setting that failed.

    ``base`` is what the probe finds in the baseline.
    """
    if configuration.root:
        return emulated.unavailable(configuration.root)
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
    # a Debian without wheels has its own
    if found["numpy"] != expected and (not configuration.root or configuration.root.wheels):
        raise NoEffect(f"numpy {expected} expected, {found['numpy']} imported")
    if configuration.root:
        words += _elsewhere(configuration.root, found, base)
    if configuration.processor:
        if not off:
            raise NoEffect(f"the processor {configuration.processor} can do what the other can")
        words.append(f"off: {' '.join(off)}")
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


def _elsewhere(root: Root, found: Mapping[str, Any], base: Mapping[str, Any]) -> list[str]:
    """What another machine is, and which arithmetic is not the baseline's there."""
    if found["machine"] != root.machine:
        raise NoEffect(f"{root.machine} expected, this is {found['machine']}")
    others = [
        name for name, value in found["arithmetic"].items() if value != base["arithmetic"][name]
    ]
    if not others:
        raise NoEffect(f"all arithmetic is that of the baseline's {base['machine']}")
    kind = f"{found['bits']} bits, {found['byte order']}-endian"
    machine = f"{kind}, Python {found['python']}, {found['libc']}"
    return [machine, f"another {', '.join(others)}"]
