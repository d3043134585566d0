"""Certificates of made-up machines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from registry import loading
from registry.identity import certificate, pins
from registry.identity.certificate import Witness
from registry.machine import Machine

MACHINE = Machine(
    architecture="s390x",
    byte_order="big",
    system="Linux",
    libc="glibc 2.41",
    python="3.13.5",
    numpy="2.2.4",
    features=("VX", "VXE"),
    settings={"OPENBLAS_NUM_THREADS": "1"},
)
# nobody has it: squashed
COMMIT = "1" * 40
DATE = "2026-11-27"


def witness(root: Path, name: str, *, commit: str = COMMIT, date: str = DATE, **machine) -> Witness:
    """A line that says of a made-up machine that what is pinned came out on it."""
    content = loading.read_sidecar(root, pins.find(root, name)).content_sha256
    made = replace(MACHINE, **machine)
    return Witness(machine=made, content_sha256=content, commit=commit, date=date)


def write(root: Path, name: str, *witnesses: Witness) -> Path:
    """Write a fixture's certificate: by default of one machine; where it is."""
    path = root / certificate.path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(certificate.encode(witnesses or [witness(root, name)]))
    return path
