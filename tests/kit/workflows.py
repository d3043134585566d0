"""Workflows of GitHub, held against what GitHub takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def faults(text: str) -> str:
    """What `make check` would say of a workflow; nothing where it is sound."""
    linter = Path(sys.executable).with_name("actionlint")
    command = [str(linter), "-shellcheck=", "-pyflakes=", "-oneline", "-"]
    ended = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert ended.stderr == "", ended.stderr
    return ended.stdout
