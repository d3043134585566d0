"""A progress bar for transfers, where somebody is watching."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Nothing in here reaches a byte or a verdict: see registry/build/closure.py.
WORDS_ONLY = True

# Keywords of `rich.progress.Progress.update`: ``advance``, ``completed``, ``total``, in bytes.
Move = Callable[..., None]


@contextmanager
def bar(what: str, total: int | None = None, *, wanted: bool = True) -> Iterator[Move]:
    """Show a bar on stderr while the block runs, if that is a terminal; yields what moves it."""
    if not wanted or sys.stderr is None or not sys.stderr.isatty():
        yield lambda **_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda **moved: shown.update(task, **moved)
