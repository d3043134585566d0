"""The environment of the suite, and of every process that a test starts.

A stranger's machine may have anything set. What is not listed here is removed before the first test
is collected, and no process that a test starts inherits it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

# What stays as the machine has it, and why.
KEPT = {
    "PATH": "where git, ssh and the shell are",
    "LD_LIBRARY_PATH": "without it some Pythons do not start",
    "SYSTEMROOT": "without it Python does not start on Windows",
    "TMPDIR": "where there is space; of any spelling",
    "TEMP": "the same on Windows",
    "HOME": "caches of fonts and browsers; a process that a test starts gets a home of its own",
    "PLAYWRIGHT_BROWSERS_PATH": "where browsers are installed",
}
# What the suite itself is told. No process that a test starts sees it, and neither does the plugin
# under test: it takes CI for a wish of its user.
TOLD = {
    "CI": "a program that is not installed fails a test, which is skipped elsewhere",
    "FIXTURES_REAL_DATA": "the folder of real measurements",
    "PTYCHO_REAL_DATA": "its old name",
}
# What is set, to what, and why.
SET = {
    **{
        f"{library}_NUM_THREADS": ("1", "workers share the cores; threads that wait use them up")
        for library in ("OMP", "OPENBLAS", "MKL")
    },
    "LC_ALL": ("C.UTF-8", "messages and the order of names are compared"),
    "COLUMNS": ("80", "help and tables are as wide as the terminal"),
    "GIT_CONFIG_GLOBAL": (os.devnull, "a user signs commits, or names branches otherwise"),
    "GIT_CONFIG_SYSTEM": (os.devnull, "so does a machine"),
    "GIT_CONFIG_COUNT": ("1", "how many settings follow"),
    "GIT_CONFIG_KEY_0": ("init.defaultBranch", "git itself has it change"),
    "GIT_CONFIG_VALUE_0": ("main", "as above"),
    "GIT_TERMINAL_PROMPT": ("0", "nobody is there to answer"),
    "GIT_EDITOR": ("echo a message >", "what a person types when git asks for a message"),
    **{
        f"GIT_{role}_{what}": ("nobody@example.org", "a commit needs an identity")
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
    "DVC_NO_ANALYTICS": ("1", "DVC reports home"),
    "DVC_GLOBAL_CONFIG_DIR": ("/nonexistent", "a user shares a cache, or has a remote"),
    "DVC_SYSTEM_CONFIG_DIR": ("/nonexistent", "so does a machine"),
    # else the library for S3 looks for credentials on the network
    "AWS_EC2_METADATA_DISABLED": ("true", "there is no network in a test"),
}
# Bits of files' modes are compared.
UMASK = 0o022


def clean(variables: MutableMapping[str, str]) -> None:
    """Remove what a stranger has set, and set what tests rely on."""
    for name in set(variables) - {*KEPT, *TOLD}:
        del variables[name]
    variables.update({name: value for name, (value, _) in SET.items()})


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Variables for a process whose home is in a folder, and which knows nobody's settings.

    `python`, `dvc` and `fixtures` are those of this interpreter.
    """
    home = folder / "home"
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    programs = os.fspath(Path(sys.executable).parent)
    return {
        **kept,
        **{name: value for name, (value, _) in SET.items()},
        "PATH": os.pathsep.join([programs, kept.get("PATH", os.defpath)]),
        "HOME": os.fspath(home),
        "DVC_SITE_CACHE_DIR": os.fspath(home / "dvc"),
        "FIXTURES_CACHE": os.fspath(home / "fixtures"),
        **variables,
    }
