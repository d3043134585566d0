"""Tests of `registry.identity.certificate`."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from registry import loading
from registry.errors import ChainError, MissingError
from registry.identity import certificate, pins
from tests.kit.certificates import MACHINE, witness, write
from tests.kit.repository import REPOSITORY

NAME = "minimal_dataset_v1_n16"
CONTENT = "9dd27b59caec66c43ae3ae2a2e66f09e76ac30f9de0cf9550a8402c70edaf8d2"
LINE = (
    '{"machine": {"architecture": "s390x", "byte_order": "big", "system": "Linux", '
    '"libc": "glibc 2.41", "python": "3.13.5", "numpy": "2.2.4", "features": ["VX", "VXE"], '
    '"settings": {"OPENBLAS_NUM_THREADS": "1"}}, '
    f'"content_sha256": "{CONTENT}", '
    '"commit": "1111111111111111111111111111111111111111", "date": "2026-11-27"}'
)


@pytest.fixture
def record(root):
    """The sidecar of a fixture of the registry."""
    return loading.read_sidecar(root, pins.find(root, NAME))


def found(call, *arguments) -> str:
    """What is found to be wrong with the certificate."""
    with pytest.raises(ChainError) as caught:
        call(*arguments)
    assert caught.value.subject == f"fixture {NAME}: broken link certificate -> sidecar"
    return caught.value.found


def test_a_line(root, record):
    """It is a literal: what was once committed is read for ever."""
    assert str(witness(root, NAME)) == LINE
    assert write(root, NAME).read_text() == f"{LINE}\n"
    assert certificate.held(root, record) == [witness(root, NAME)]


def test_lines_are_sorted_whatever_their_order(root):
    """The same machines give the same text, with settings sorted, too."""
    lines = [
        witness(root, NAME, settings={"b": "1", "a": "2"}),
        witness(root, NAME, architecture="aarch64"),
    ]
    same = [lines[1], witness(root, NAME, settings={"a": "2", "b": "1"})]
    text = certificate.encode(lines)
    assert text == certificate.encode(same), "the order is in it"
    assert text.splitlines()[0].startswith(b'{"machine": {"architecture": "aarch64"')
    assert b'"settings": {"a": "2", "b": "1"}' in text
    turned = b"".join(reversed(text.splitlines(keepends=True)))
    assert certificate.parse(turned, NAME) == certificate.parse(text, NAME)[::-1], "order matters"


def test_letters_of_any_language(root):
    """They stand as they are: in ASCII, a folder's name would be eight signs for a letter."""
    text = certificate.encode([witness(root, NAME, settings={"folder": "wörk ☂"})])
    assert "wörk ☂".encode() in text
    assert certificate.parse(text, NAME)[0].machine.settings == {"folder": "wörk ☂"}


def test_none_where_there_is_no_file(root, record):
    """Most fixtures have no certificate."""
    assert certificate.held(root, record) == []
    assert certificate.names(root) == []


def test_names(root):
    """What is called as a fixture may be; other files have nothing to do with it."""
    write(root, NAME)
    for other in ("README.md", "hosts.jsonl", f"{NAME}.jsonl.orig"):
        (root / "certificates" / other).touch()
    (root / "certificates/nope_v1.jsonl").touch()
    assert certificate.names(root) == [NAME, "nope_v1"]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda line: line.replace(": ", ":"), "line 1: the same in other bytes"),
        (lambda line: line.replace('"big"', '"b\\u0069g"'), "line 1: the same in other bytes"),
        (lambda line: line.replace('{"mach', '{"date": "x", "mach'),
         "line 1: the same in other bytes"),
        (lambda line: line.replace('"date"', '"day"'), "line 1: no field date"),
        (lambda line: line.replace('"numpy": "2.2.4", ', ""), "line 1: no field numpy"),
        (lambda line: line.replace('"date"', '"host": "x", "date"'),
         "line 1: an unknown field, host"),
        (lambda line: line.replace('"libc"', '"user": "x", "libc"'),
         "line 1: an unknown field, user"),
        (lambda line: line.replace('"2026-11-27"', "20261127"), "line 1: a value that is no text"),
        (lambda line: line.replace('"VX"', "1"), "line 1: a value that is no text"),
        (lambda line: line.replace('"OPENBLAS_NUM_THREADS": "1"', '"a": 1'),
         "line 1: a value that is no text"),
        (lambda line: line.replace('["VX", "VXE"]', '"VX"'),
         "line 1: features are a list, settings are an object"),
        (lambda line: line.replace('{"OPENBLAS_NUM_THREADS": "1"}', "[]"),
         "line 1: features are a list, settings are an object"),
        (lambda line: "[]", "line 1: no object for witness"),
        (lambda line: '{"machine": 1, "content_sha256": "", "commit": "", "date": ""}',
         "line 1: no object for machine"),
        (lambda line: line[:-1], "line 1: Expecting ',' delimiter"),
        (lambda line: "[" * 100_000, "line 1: maximum recursion depth exceeded"),
        (lambda line: line.replace("big", "\\ud800"), "line 1: 'utf-8' codec can't encode"),
        (lambda line: f"{line}\n\n{line}", "line 2: Expecting value"),
        (lambda line: f"{line}\n{line}", "line 2 a second time"),
        (lambda line: f"<<<<<<< HEAD\n{line}", "line 1: Expecting value"),
    ],
)  # fmt: skip
def test_a_line_that_was_edited(edit, expected):
    """Nobody writes one by hand: the line is named, and what is wrong with it."""
    assert found(certificate.parse, f"{edit(LINE)}\n".encode(), NAME).startswith(expected)


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", "no line"), (LINE.encode(), "a last line without its end"),
     (b"\xff\n", "line 1: 'utf-8' codec can't decode")],
)  # fmt: skip
def test_a_file_that_was_cut(data, expected):
    """An empty one, and one whose last line has no end."""
    assert found(certificate.parse, data, NAME).startswith(expected)


def test_another_digest(root, record):
    """A line for another digest of the same version names both, and the machine."""
    other = replace(witness(root, NAME, architecture="x86_64"), content_sha256="0" * 64)
    write(root, NAME, witness(root, NAME), other)
    with pytest.raises(ChainError) as caught:
        certificate.held(root, record)
    assert str(caught.value) == (
        f"fixture {NAME}: broken link certificate -> sidecar\n"
        f"  expected: content SHA-256 {CONTENT} in each line, as in the sidecar\n"
        f"  found:    {'0' * 64} of x86_64, glibc 2.41, numpy 2.2.4 in certificates/{NAME}.jsonl\n"
        "  to mend:  a line of an earlier draft goes: remove it, or the file; another machine that "
        f"builds something else says so by: fixtures verify {NAME} --regenerate"
    )


def test_something_else_in_its_place(root, record):
    """A folder is no certificate, and is not passed over."""
    (root / certificate.path(NAME)).mkdir(parents=True)
    assert found(certificate.held, root, record) == "Is a directory"


def test_the_schema_accepts_what_is_written(root):
    """Machines as they are, and as a run sets them up."""
    lines = [
        witness(root, NAME),
        witness(root, NAME, features=(), settings={}),
        witness(root, NAME, libc="Darwin 24.1.0", system="Darwin", python="3.14.0a3+"),
        witness(root, NAME, numpy="2.4.0.dev0+git20251101.abcdef0", commit="a" * 64),
        witness(root, NAME, settings={"folder": "wörk ☂ 2", "TZ": "XYZ-5:45",
                                      "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA"}),
    ]  # fmt: skip
    certificate.satisfy(REPOSITORY, NAME, lines)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"settings": {"folder": "/home/ada/work"}}, "machine.settings.folder"),
        ({"settings": {"folder": "C:\\Users\\ada"}}, "machine.settings.folder"),
        ({"settings": {"TZ": "Europe/Berlin"}}, "machine.settings.TZ"),
        ({"settings": {"a": "x" * 1001}}, "machine.settings.a"),
        ({"settings": {"a": ""}}, "machine.settings.a"),
        ({"settings": {"a/b": "1"}}, "machine.settings"),
        ({"architecture": "my laptop"}, "machine.architecture"),
        ({"architecture": ""}, "machine.architecture"),
        ({"byte_order": "middle"}, "machine.byte_order"),
        ({"system": "Linux ada-laptop"}, "machine.system"),
        ({"libc": "glibc 2.36 /lib"}, "machine.libc"),
        ({"python": "three"}, "machine.python"),
        ({"numpy": "2.4.6 (ada)"}, "machine.numpy"),
        ({"features": ("VX", "VX")}, "machine.features"),
        ({"features": ("V X",)}, "machine.features.0"),
        ({"commit": "1" * 39}, "commit"),
        ({"commit": "HEAD"}, "commit"),
        ({"date": "27.11.2026"}, "date"),
        ({"date": "2026-13-01"}, "date"),
    ],
)
def test_the_schema_refuses(root, change, path):
    """What names a host, a user or a folder, and what is none of what it should be."""
    said = found(certificate.satisfy, REPOSITORY, NAME, [witness(root, NAME, **change)])
    assert said.startswith(f"{path}: "), said


def test_schema_and_reader_know_the_same_fields():
    """A field more, or one less, is refused by both."""
    rules = json.loads((REPOSITORY / "schemas" / certificate.SCHEMA).read_bytes())
    document, machine = json.loads(LINE), rules["$defs"]["machine"]
    assert list(document) == rules["required"] == list(rules["properties"])
    assert list(document["machine"]) == machine["required"] == list(machine["properties"])
    assert rules["additionalProperties"] is machine["additionalProperties"] is False


def test_a_registry_without_the_schema(root):
    """Nothing passes for held against it."""
    (root / "schemas" / certificate.SCHEMA).unlink()
    with pytest.raises(MissingError, match="schema certificate_v1") as caught:
        certificate.satisfy(root, NAME, [witness(root, NAME)])
    assert "where it never was: fixtures init" in caught.value.remedy


def test_summary(root):
    """A row for each kind of machine; one that was a witness twice counts once."""
    lines = [
        witness(root, NAME, numpy="2.10.0", date="2026-11-29"),
        witness(root, NAME, numpy="2.9.1", commit="2" * 40, date="2026-11-28"),
        witness(root, NAME, numpy="2.9.1", date="2026-11-29"),
        witness(root, NAME, architecture="aarch64", byte_order="little", libc="glibc 2.36"),
        witness(root, NAME, architecture="aarch64", byte_order="little", libc="glibc 2.5"),
        witness(root, NAME, settings={"emulator": "qemu-user"}),
    ]
    assert certificate.summary(lines) == [
        ("aarch64", "little", "2", MACHINE.numpy, "glibc 2.5, glibc 2.36", "2026-11-27"),
        ("s390x", "big", "2", "2.9.1, 2.10.0", "glibc 2.41", "2026-11-28 to 2026-11-29"),
        ("s390x, emulated", "big", "1", MACHINE.numpy, "glibc 2.41", "2026-11-27"),
    ]
    assert {len(row) for row in certificate.summary(lines)} == {len(certificate.HEAD)}
    assert certificate.summary([]) == []
