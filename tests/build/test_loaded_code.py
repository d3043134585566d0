"""Tests of `registry.build.loaded_code`: which code a process of long life may build with."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.build import code, loaded_code
from registry.declare import generator_keys
from registry.errors import CheckError
from tests.kit import ramps

SCRIPT = Path("generators/ramp_v1.py")


@pytest.fixture
def text(tmp_path, monkeypatch):
    """What code a client's clone has of a generator; the working directory is a clone like it."""
    ramps.lay(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loaded_code, "_NOTED", dict(loaded_code._NOTED))
    return code.text(Path(), generator_keys.read(Path(), "ramp_v1"))


def refused(text: str) -> dict[str, str]:
    """What is said of it."""
    with pytest.raises(CheckError) as caught:
        loaded_code.hold("ramp_v1", text, process="w1")
    return caught.value.parts


def test_the_same_code(text):
    """Is built with, again and again."""
    loaded_code.hold("ramp_v1", text, process="w1")
    loaded_code.hold("ramp_v1", text, process="w1")


def test_other_code(text):
    """The first file that differs is named, with both digests, and how to mend it."""
    before = next(line for line in text.splitlines() if line.endswith(str(SCRIPT))).split()[0]
    SCRIPT.write_text(SCRIPT.read_text() + "# changed\n")
    said = refused(text)
    found = said.pop("found")
    assert found.startswith("blob:")
    assert found != before
    assert said == {
        "subject": "worker w1",
        "expected": f"generator ramp_v1 as the client has it: {SCRIPT} {before}",
        "remedy": "start it in a clone that is at the client's commit (git pull), with the package "
        "installed from there",
    }


def test_a_file_more_or_less(text):
    """Counts as well as another one."""
    name = "registry/zz.py"
    said = refused(f"{text}{'0' * 64}  {name}\n")
    assert said["expected"].endswith(f": {name} {'0' * 64}")
    assert said["found"] == "not there"
    said = refused("".join(line for line in text.splitlines(True) if str(SCRIPT) not in line))
    assert said["expected"].endswith(f": {SCRIPT} not there")


def test_a_package_from_outside(text):
    """It is known by its version, and which one to install is said; then the worker starts anew."""
    loaded_code.hold_text("a program", "1.0  outside\n", "1.0  outside\n", process="w1")
    with pytest.raises(CheckError) as caught:
        loaded_code.hold_text("a program", "1.0  outside\n", "2.0  outside\n", process="w1")
    assert caught.value.parts == {
        "subject": "worker w1",
        "expected": "a program as the client has it: outside 2.0",
        "found": "1.0",
        "remedy": "pip install outside==2.0 there, and restart it",
    }
    with pytest.raises(CheckError) as caught:
        loaded_code.hold_text("a program", "2.0  outside\n", "2.0  outside\n", process="w1")
    assert caught.value.parts == {
        "subject": "worker w1",
        "expected": "the code of a program as it was when the worker imported it",
        "found": "a change of outside since",
        "remedy": "restart the worker",
    }


def test_no_clone(text, tmp_path, monkeypatch):
    """A process that was started elsewhere says what it lacks."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    said = refused(text)
    assert said["expected"] == (
        "generator ramp_v1 as the client has it: code, in its working directory"
    )
    assert said["found"] == "generator ramp_v1: no such file"


def test_code_that_changed_since(text):
    """A process that imported other code is to be started anew, though its clone is right now."""
    loaded_code.hold("ramp_v1", text, process="w1")
    SCRIPT.write_text(SCRIPT.read_text() + "# pulled\n")
    now = code.text(Path(), generator_keys.read(Path(), "ramp_v1"))
    assert refused(now) == {
        "subject": "worker w1",
        "expected": "the code of generator ramp_v1 as it was when the worker imported it",
        "found": "a change of generators/ramp_v1.py since",
        "remedy": "restart the worker",
    }


def test_a_change_before_it_was_imported(text):
    """Makes no difference to what is imported afterwards; of this package all is imported."""
    SCRIPT.write_text(SCRIPT.read_text() + "# pulled\n")
    now = code.text(Path(), generator_keys.read(Path(), "ramp_v1"))
    loaded_code.hold("ramp_v1", now, process="w1")
    module = Path(code.__file__).with_name("fixture.py").resolve()
    assert module in loaded_code._NOTED
    loaded_code._NOTED[module] = "blob:" + "0" * 40
    assert refused(now)["found"] == "a change of registry/build/fixture.py since"
