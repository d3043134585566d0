"""Tests of `registry.storage.progress`; what it looks like in use is in those of its users."""

from __future__ import annotations

import sys

from registry.storage import progress


def test_nothing_where_nobody_watches(capsys):
    """Without a terminal nothing is printed, and moving the bar does nothing."""
    with progress.bar("a transfer", 10) as move:
        move(advance=5)
        move(completed=10, total=10)
    assert capsys.readouterr() == ("", ""), "something was printed"


def test_without_stderr(monkeypatch):
    """A process without stderr, such as a service, has no bar and no error."""
    monkeypatch.setattr(sys, "stderr", None)
    with progress.bar("a transfer") as move:
        move(advance=1)


def test_on_a_terminal(monkeypatch, capsys):
    """A terminal shows what is transferred, and how much of it."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress.bar("a transfer", 8) as move:
        move(advance=2)
        move(completed=8)
    shown = capsys.readouterr().err
    assert "a transfer" in shown, "nothing says what"
    assert "8/8 bytes" in shown, "nothing says how much"
