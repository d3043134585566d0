"""Tests of `registry.training.ending`: each in a process of its own, which signals end."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.kit.repository import REPOSITORY

INT, TERM = signal.SIGINT, signal.SIGTERM


@pytest.fixture
def ended():
    """Run a program that sends itself signals; its exit code and what it said."""

    def run(program, *, ignored=()):
        head = "import signal\nfrom registry.training import ending\n"
        head += "INT, TERM = signal.SIGINT, signal.SIGTERM\nsend = signal.raise_signal\n"
        for number in ignored:
            head += f"signal.signal({int(number)}, signal.SIG_IGN)\n"
        done = subprocess.run(
            [sys.executable, "-c", head + program],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.mark.parametrize(
    ("name", "code", "said"), [("INT", 130, "interrupted"), ("TERM", 143, "terminated")]
)
def test_at_once(ended, name, code, said):
    """The process ends where it is, whatever would catch an exception, with its last words."""
    program = (
        "with ending.at_once(lambda: ['kept']):\n"
        "    try:\n"
        f"        send({name})\n"
        "    finally:\n"
        "        print('went on', flush=True)\n"
    )
    assert ended(program) == (code, "", f"kept\n{said}\n")


def test_between_two_steps(ended):
    """The first signal is no exception: what runs goes on to where it looks."""
    program = (
        "with ending.asked() as request:\n"
        "    request.obey()\n"
        "    send(TERM)\n"
        "    print(int(request.number), flush=True)\n"
        "    try:\n"
        "        request.obey()\n"
        "    except ending.Ended:\n"
        "        print('between', flush=True)\n"
        "print(signal.getsignal(TERM) is signal.SIG_DFL, signal.getsignal(INT).__name__)\n"
    )
    assert ended(program) == (0, "15\nbetween\nTrue default_int_handler\n", "")


@pytest.mark.parametrize("first", ["INT", "TERM"])
@pytest.mark.parametrize(("second", "code"), [("INT", -INT), ("TERM", -TERM)])
def test_the_second_signal(ended, first, second, code):
    """It ends the process by the system's own way, also where a library put our handler back."""
    again = f"signal.signal({second}, ours); " * 2
    for between in ("", again):
        program = (
            "with ending.asked():\n"
            f"    ours = signal.getsignal({second})\n"
            f"    send({first})\n"
            f"    {between}send({second})\n"
            "    print('went on', flush=True)\n"
        )
        assert ended(program) == (code, "", ""), f"after {between or 'nothing'}"


def test_after_the_end_was_decided(ended):
    """A signal while the program ends by itself ends it, without a traceback."""
    for raised, signals in (("KeyboardInterrupt", "INT"), ("SystemExit(143)", "TERM")):
        program = (
            "try:\n"
            "    with ending.at_once(list):\n"
            f"        raise {raised}\n"
            "finally:\n"
            f"    send({signals})\n"
        )
        assert ended(program) == (-INT if signals == "INT" else -TERM, "", "")


def test_while_the_interpreter_ends(ended):
    """What other modules do at the end is not where an interrupt becomes an exception."""
    program = "import atexit\natexit.register(lambda: send(INT))\nwith ending.at_once(list): pass\n"
    assert ended(program) == (-INT, "", "")


def test_what_is_ignored_stays_so(ended):
    """Under nohup, or in the background, SIGINT is no reason to end."""
    program = (
        "with ending.at_once(list): send(INT)\n"
        "with ending.asked() as request: send(INT)\n"
        "print(request.number)\n"
    )
    assert ended(program, ignored=[INT]) == (0, "None\n", "")


def test_in_another_thread(ended):
    """Only the main thread can handle signals; elsewhere they are left as they are."""
    program = (
        "import threading\n"
        "def other():\n"
        "    with ending.asked() as request, ending.at_once(list):\n"
        "        print(request.number, signal.getsignal(INT).__name__, flush=True)\n"
        "thread = threading.Thread(target=other); thread.start(); thread.join()\n"
    )
    assert ended(program) == (0, "None default_int_handler\n", "")
