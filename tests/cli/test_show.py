"""Tests of `fixtures show`."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

import registry
from registry import loading
from tests.kit.certificates import witness, write
from tests.kit.repository import REPOSITORY
from tests.kit.republish import republish

NAME = "minimal_dataset_v1_n16"
DATA = f"tests/fixtures/pytorch_integration/{NAME}.npz"
SIDECAR = DATA.replace(".npz", ".json")


def test_what_a_fixture_is(fixtures, root):
    """Identity, origin, arrays, checks and transformations are all there."""
    record = json.loads((root / SIDECAR).read_bytes())
    probe = record["arrays"]["probeGuess"]
    low, high = probe["range"]
    ended = fixtures("show", NAME)
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    for line in (
        f"fixture {NAME}",
        f"file {DATA} (970,036 bytes, present, not verified here)",
        f"sha256 {record['sha256_checksum']}",
        f"content {record['content_sha256']}",
        "created 2026-11-23T00:00:00+00:00, data licence CC0-1.0",
        f"generator generators/subset_v1.py ({record['generator_commit']})",
        f"source build/sources/run1084_twin.npz (sha256 {record['source_sha256']})",
        "subset 16 positions, evenly_spaced",
        f"probeGuess (64, 64) <c8 [{low:.4g}, {high:.4g}] {probe['sha256'][:12]}",
        f"coverage_x {record['checks']['coverage_x']} part of the source's range in x that the "
        "positions span",
        f"{len(record['transformations'])}. {record['transformations'][-1]}",
    ):
        assert line in lines, f"no line {line!r}"


def test_a_document(fixtures, root):
    """The sidecar as it is, and what is known of the version beside it."""
    (root / DATA).unlink()
    with (root / "params.yaml").open("a") as file:
        file.write(f"\ndeprecated:\n  {NAME}: {{reason: too few}}\n")
    ended = fixtures("show", NAME, "--json")
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    sidecar = json.loads((root / DATA).with_suffix(".json").read_bytes())
    assert document.pop("sidecar") == sidecar
    assert document == {
        "path": DATA, "here": False, "deprecated": "deprecated: too few", "certificate": [],
    }  # fmt: skip


def test_bytes_that_are_not_here(fixtures, root):
    """The record can be read without the bytes."""
    (root / DATA).unlink()
    ended = fixtures("show", NAME)
    assert ended.code == 0, "showing is no verification"
    assert "MISSING: fixtures pull" in ended.out, "not marked as absent"


def test_an_unknown_name(fixtures):
    """A wrong name is wrong use, and the right one is suggested."""
    ended = fixtures("show", "minimal_dataset_v1_n61")
    assert (ended.code, ended.out) == (2, ""), "not wrong use, or something on stdout"
    assert ended.err == (
        "error: fixture minimal_dataset_v1_n61\n"
        "  expected: a fixture that is pinned here; perhaps minimal_dataset_v1_n16 or "
        "minimal_dataset_v1\n"
        "  found:    no such name among minimal_dataset_v1, minimal_dataset_v1_n16\n"
        "  to mend:  fixtures list shows them; a new one is an entry in params.yaml and dvc repro\n"
    ), "not the message on stderr"


def test_a_sidecar_that_the_lock_disowns(fixtures, root):
    """Nothing of a changed record is shown."""
    (root / SIDECAR).write_text((root / SIDECAR).read_text().replace("CC0-1.0", "MIT"))
    ended = fixtures("show", NAME)
    assert (ended.code, ended.out) == (1, ""), "a changed record is shown"
    assert ended.err.startswith(f"error: fixture {NAME}: broken link lock -> sidecar\n")


# In a terminal


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal, in an encoding."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)

    def isatty(self) -> bool:
        """Whatever asks is told so."""
        return True

    def text(self) -> str:
        """What was written."""
        return self.buffer.getvalue().decode(self.encoding)


@pytest.fixture
def terminal(fixtures, monkeypatch):
    """Run the command in a terminal with these settings; code, text and errors."""
    for name in ("NO_COLOR", "COLORTERM", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, encoding: str = "utf-8", **variables: str):
        settings = {"TERM": "xterm", "COLORTERM": "truecolor", "COLUMNS": "100", **variables}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        stream = Terminal(encoding)
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", stream)
            ended = fixtures(*arguments)
        return replace(ended, out=stream.text())

    return run


def plain(text: str) -> str:
    """Text without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_pictures_in_a_terminal(terminal):
    """The card, verified, and then complex arrays in half blocks, and what colours mean."""
    ended = terminal("show", NAME)
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    lines = [line.rstrip() for line in plain(ended.out).splitlines()]
    # 226 pixels by sixes, and 64 by twos; two rows to a line
    *_, before = lines[:-21]
    assert before == "", "not the last"
    assert lines[-21:-5] == ["▀" * 38 + "   " + "▀" * 32] * 16, "not two pictures"
    assert lines[-5:-2] == ["▀" * 38] * 3, "the object is not as high as it is"
    assert lines[-2].split("   ")[0] == "objectGuess, 226 × 227 px"
    assert lines[-2].endswith("probeGuess, 64 × 64 px")
    assert lines[-1].startswith("lightness: amplitude, hue: phase"), "no legend"
    assert "\x1b[38;2;" in ended.out, "not in true colour"
    words = " ".join(" ".join(lines).split())
    assert "(970,036 bytes, present, verified)" in words, "not said to be verified"
    assert "probeGuess (64, 64) <c8" in words, "no arrays"


def test_pictures_in_256_colours(terminal):
    """Greys, of which there are enough; the phase is left out, and its legend with it."""
    ended = terminal("show", NAME, TERM="xterm-256color", COLORTERM="")
    codes = {int(code) for code in re.findall(r"\x1b\[38;5;([0-9]+)", ended.out)}
    greys = {16, 231, *range(232, 256)}
    assert codes, "no pictures"
    assert codes <= greys, f"colours: {sorted(codes - greys)}"
    assert "hue" not in ended.out, "a legend of hues"


@pytest.mark.parametrize(
    "settings",
    [
        {"NO_COLOR": "1"},
        {"TERM": "dumb", "COLORTERM": ""},
        {"TERM": "xterm", "COLORTERM": ""},
        {"encoding": "ascii"},
        {"encoding": "latin-1"},
    ],
    ids=["NO_COLOR", "dumb", "16 colours", "ascii", "latin-1"],
)
def test_a_terminal_that_can_do_less(fixtures, terminal, settings):
    """It gets the very text that a pipe gets."""
    assert terminal("show", NAME, **settings).out == fixtures("show", NAME).out


def test_a_narrow_terminal(terminal):
    """Without room for two pictures there are none, and the card is whole."""
    ended = terminal("show", NAME, COLUMNS="34")
    assert ended.code == 0, "not a clean end"
    assert "▀" not in ended.out, "half a picture"
    text = "".join(plain(ended.out).split())
    assert "9dd27b59caec66c43ae3ae2a2e66f09e76ac30f9de0cf9550a8402c70edaf8d2" in re.sub(
        r"\W", "", text
    ), "a digest is cut"


def test_a_terminal_without_the_bytes(terminal, root):
    """The card without pictures, which says what brings them."""
    (root / DATA).unlink()
    ended = terminal("show", NAME)
    assert (ended.code, "▀" in ended.out) == (0, False), "a picture of nothing"
    assert f"no pictures: the bytes are not here; fixtures pull {NAME}" in plain(ended.out)
    words = " ".join(plain(ended.out).split())
    assert "(970,036 bytes, MISSING: fixtures pull)" in words, "not marked as absent"


def test_a_terminal_and_broken_bytes(terminal, root):
    """Nothing is drawn of bytes that are not the pinned ones, and the command fails."""
    data = bytearray((root / DATA).read_bytes())
    data[500_000] ^= 1
    (root / DATA).write_bytes(data)
    ended = terminal("show", NAME)
    assert (ended.code, ended.out) == (1, ""), "broken bytes are shown"
    assert ended.err.startswith(f"error: fixture {NAME}: broken link sidecar -> bytes\n")


def test_a_real_terminal(root):
    """What comes out of a terminal that the system made is the same."""
    pty = pytest.importorskip("pty", reason="needs a Unix terminal")
    ours, theirs = pty.openpty()
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "LANG": "C.UTF-8",
        "TERM": "xterm", "COLORTERM": "truecolor", "COLUMNS": "100",
    }  # fmt: skip
    command = [sys.executable, "-P", "-m", "registry.cli", "show", NAME]
    process = subprocess.Popen(
        command, cwd=root, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    printed = b""
    # the end of a terminal is an error on Linux, and empty elsewhere
    with suppress(OSError):
        while chunk := os.read(ours, 65536):
            printed += chunk
    os.close(ours)
    assert process.wait() == 0, printed.decode()
    assert "\r\n" + "▀" * 38 + "   " + "▀" * 32 in plain(printed.decode()), "no pictures"


# What must not be overlooked

DEFECT = {
    "name": "misaligned",
    "description": "frames of other positions",
    "refused_by": ["own-match", "alternatives"],
}


@pytest.fixture
def recorded(root, monkeypatch):
    """Make the fixture's record one with these fields."""
    read = loading.read_sidecar

    def change(**fields):
        monkeypatch.setattr(
            loading, "read_sidecar", lambda *args, **kinds: replace(read(*args, **kinds), **fields)
        )

    return change


def test_a_planted_defect(fixtures, terminal, recorded):
    """It is the first thing that is said, in a pipe and in a terminal."""
    recorded(defect=DEFECT)
    said = "misaligned: frames of other positions (refused by own-match, alternatives)"
    assert fixtures("show", NAME).out.startswith(f"PLANTED DEFECT: {said}\n")
    shown = " ".join(plain(terminal("show", NAME).out).split())
    assert shown.startswith(f"PLANTED DEFECT {said} fixture {NAME}"), "not above the card"


SCALE = "power of the frames over that of the model, as amplitude"


@pytest.mark.parametrize(
    ("verdict", "reason", "left_out"),
    [
        ("not checked", "the source has no object", "not measured: physics not checked"),
        ("undecided", "frames do not know their place: z = 1.3", "not asked of these data"),
    ],
)
def test_physics_in_doubt(fixtures, terminal, recorded, verdict, reason, left_out):
    """So is that, with the reason; and what was not measured is put down to what left it out."""
    recorded(verdict=verdict, reason=reason, checks={"scale": None})
    title = f"PHYSICS {verdict.upper()}"
    said = f"{reason}; nothing says that frames, positions, probe and object belong together"
    printed = fixtures("show", NAME).out
    assert printed.startswith(f"{title}: {said}\n")
    assert f"  scale  {left_out}  {SCALE}\n" in printed
    shown = " ".join(plain(terminal("show", NAME).out).split())
    assert shown.startswith(f"{title} {said} fixture {NAME}"), "not above the card"


def test_what_a_figure_means(fixtures, recorded):
    """Each is told in words, with its unit; one of a later suite is shown as it is."""
    recorded(checks={"power": 0.998, "held_out_z": 90.5, "sharpness": 3})
    assert (
        fixtures("show", NAME)
        .out.partition("\nchecks\n")[2]
        .startswith(
            "  power       0.998  part of all single misplacements of a frame that own-match would "
            "refuse, 0 to 1\n"
            "  held_out_z  90.5   how well frames that an object was not made from know their "
            "place, in standard deviations\n"
            "  sharpness   3\n"
        )
    )


MISTAKES = {
    "found": {"x_mirrored": ["own-match"], "axes_swapped": ["alternatives"]},
    "missed": ["x_plus_1px"],
    "none": ["y_mirrored"],
    "smallest": {"x": 2.0, "y": 0.5},
}
SAID = """
planted mistakes
  found                 2 of 3
  missed                x_plus_1px
  no mistake here       y_mirrored: these arrays stay as they are
  smallest shift found  2 px in x, 0.5 px in y

"""


def test_planted_mistakes(fixtures, terminal, recorded):
    """How many would be noticed, which would not, and how far a shift may go unnoticed."""
    recorded(mistakes=MISTAKES)
    assert SAID in fixtures("show", NAME).out
    shown = " ".join(plain(terminal("show", NAME).out).split())
    assert " ".join(SAID.split()) in shown, "not in a terminal"


@pytest.mark.parametrize(
    ("mistakes", "said"),
    [
        ({"found": {}, "missed": []}, "\nplanted mistakes\n  found   0 of 0\n  missed  none\n\n"),
        (None, "\ntransformations\n"),
    ],
    ids=["none-planted", "not-recorded"],
)
def test_no_planted_mistakes(fixtures, terminal, recorded, mistakes, said):
    """Only what the sidecar says of them is shown."""
    recorded(mistakes=mistakes)
    for printed in (fixtures("show", NAME).out, terminal("show", NAME).out):
        assert ("planted mistakes" in printed) is (mistakes is not None)
    assert said in fixtures("show", NAME).out


def test_modes_of_a_probe(recorded, terminal, root):
    """Of several modes the first is drawn; of an array with a plane to each position, none."""
    arrays = dict(registry.load(NAME, root))
    arrays["probeGuess"] = np.stack([arrays["probeGuess"]] * 3)
    arrays["Y"] = np.ones((16, 64, 64), np.complex64)
    republish(root, NAME, arrays)
    lines = plain(terminal("show", NAME).out).splitlines()
    assert lines[-21].rstrip() == "▀" * 38 + "   " + "▀" * 32, "not two pictures"


def test_one_picture(terminal, root):
    """One array alone has the room of two."""
    arrays = {name: array for name, array in registry.load(NAME, root).items()
              if name != "probeGuess"}  # fmt: skip
    republish(root, NAME, arrays)
    lines = plain(terminal("show", NAME, COLUMNS="50").out).splitlines()
    assert lines[-21].rstrip() == "▀" * 38, "not one picture"


def test_a_deprecated_fixture(fixtures, terminal, root):
    """The card begins with the reason and the successor, in a pipe and in a terminal."""
    with (root / "params.yaml").open("a") as file:
        file.write(f"\ndeprecated:\n  {NAME}: {{reason: too few, successor: minimal_dataset_v1}}\n")
    said = "DEPRECATED: too few; use minimal_dataset_v1\n"
    assert fixtures("show", NAME).out.startswith(said)
    assert plain(terminal("show", NAME).out).startswith(f" {said}".replace(": ", "  ", 1))


# Certificates


def test_where_it_came_out_the_same(fixtures, root):
    """A row for each kind of machine; without a certificate nothing is said."""
    assert "certificate" not in fixtures("show", NAME).out
    write(root, NAME, witness(root, NAME), witness(root, NAME, numpy="1.26.4", date="2026-11-25"))
    lines = [" ".join(line.split()) for line in fixtures("show", NAME).out.splitlines()]
    start = lines.index("certificate")
    assert lines[start + 1 : start + 3] == [
        "machine byte order configurations numpy C library dates",
        "s390x big 2 1.26.4, 2.2.4 glibc 2.41 2026-11-25 to 2026-11-27",
    ]


def test_a_certificate_of_other_content(fixtures, root):
    """Nothing of it is shown, nor that there is none."""
    path = write(root, NAME)
    path.write_text(path.read_text().replace('"content_sha256": "9', '"content_sha256": "8'))
    ended = fixtures("show", NAME)
    assert ended.code == 1
    assert ended.err.startswith(f"error: fixture {NAME}: broken link certificate -> sidecar\n")
