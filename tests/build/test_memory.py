"""Tests of `registry.build.memory`: memory that is freed is used again."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys

import pytest

from registry.build import memory

# Arrays of 2 MB, eight at a time, which by itself glibc hands back; how often a page was mapped.
CHURN = """
import resource, sys
import numpy as np
from registry.build import memory
if sys.argv[1] == "reuse":
    assert memory.reuse()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    arrays = [np.ones(1 << 18) for _ in range(8)]
    del arrays
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    """How often a page was mapped."""
    command = [sys.executable, "-c", CHURN, how]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about glibc")
def test_memory_is_used_again():
    """Hardly a page is mapped that was there before."""
    pages = (8 << 21) // resource.getpagesize()
    assert faults("reuse") < 3 * pages
    assert faults("leave") > 20 * pages, "nothing would have been handed back"


def test_another_library(monkeypatch):
    """Nothing is done."""

    class Other:
        pass

    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: Other())
    assert memory.reuse() is False
