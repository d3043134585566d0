"""Tests of `registry.machine`."""

from __future__ import annotations

import getpass
import json
import os
import platform
import socket
import subprocess
import sys
from dataclasses import asdict, fields

import numpy as np
import pytest

from registry import machine
from tests.kit.repository import REPOSITORY


def test_what_runs_here():
    """Interpreter, numpy and byte order are those of this process."""
    here = machine.here()
    assert (here.architecture, here.system) == (platform.machine(), platform.system())
    assert (here.numpy, here.byte_order) == (np.__version__, sys.byteorder)
    assert here.python == ".".join(map(str, sys.version_info[:3]))
    assert str(here) == f"{here.architecture}, {here.libc}, numpy {here.numpy}"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names of other CPUs are others")
def test_features_that_are_switched_off():
    """A feature that numpy must not use is not among those that are on, and the setting is told."""
    on = machine.features()
    if not on:
        pytest.skip("this CPU has no features to switch off")
    program = (
        "import json; from dataclasses import asdict; from registry import machine; "
        "print(json.dumps(asdict(machine.here())))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env={**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(on)},
        capture_output=True,
        check=True,
    )
    there = json.loads(ran.stdout)
    assert there["features"] == [], "what is off passes for on"
    assert there["settings"]["NPY_DISABLE_CPU_FEATURES"] == " ".join(on)


def test_settings(monkeypatch):
    """Variables that change arithmetic are told where they are set, and no other variable is."""
    for name in machine.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("MKL_NUM_THREADS", "")
    monkeypatch.setenv("TZ", "Europe/Somewhere")
    monkeypatch.setenv("LANG", "xx_YY.UTF-8")
    assert machine.here().settings == {"OMP_NUM_THREADS": "2"}


def test_nothing_private():
    """Neither the host's name, nor the user's, nor a path is in it, nor has a field of its own."""
    assert [item.name for item in fields(machine.Machine)] == [
        "architecture", "byte_order", "system", "libc", "python", "numpy", "features", "settings",
    ]  # fmt: skip
    text = json.dumps(asdict(machine.here()))
    assert "/" not in text, "a path"
    for private in (socket.gethostname(), platform.node(), getpass.getuser()):
        assert f'"{private}"' not in text, f"{private} is told"


@pytest.mark.parametrize(
    ("found", "system", "expected"),
    [
        (("glibc", "2.36"), "Linux", "glibc 2.36"),
        (("", ""), "Linux", "not glibc"),
        (("", ""), "Darwin", "Darwin 24.1.0"),
        (("", ""), "Windows", "Windows 24.1.0"),
    ],
)
def test_c_libraries(monkeypatch, found, system, expected):
    """It is named with its version, by the system's where it is a part of that."""
    monkeypatch.setattr(platform, "libc_ver", lambda: found)
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "release", lambda: "24.1.0")
    assert machine.libc() == expected
