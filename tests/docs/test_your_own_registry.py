"""docs/your-own-registry.md, to the letter: in an empty folder, with nothing but the wheel."""

from __future__ import annotations

import os

import pytest

from tests.kit import installed, pages
from tests.kit.clone import Clone
from tests.kit.environment import environment
from tests.kit.once import once

PAGE = "docs/your-own-registry.md"
HOST = "https://host/sounds.git"
# DVC brings this plugin, which takes longer to start than pytest itself.
ALONE = "-p no:hydra_pytest -p no:cacheprovider"
# What a user writes, and how much at most.
OWN = [
    "generators/tones_v1.py",
    "generators/tones_v1.schema.json",
    "schemas/tones_v1.schema.json",
    "fields/audio.py",
    "params.yaml",
]
MOST_LINES = 60

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def programs(tmp_path_factory, request):
    """Programs of an environment into which the wheel was installed."""

    def make(folder) -> None:
        built = installed.wheel(folder)
        installed.environment(folder / "environment", "build")
        shell = Clone(folder, environment(folder, **installed.PIP))
        shell.sh(f"environment/bin/pip install --quiet {built.name}")

    return once(tmp_path_factory, request.config, "own-registry", make) / "environment" / "bin"


@pytest.fixture
def shell(programs, tmp_path):
    """A folder in which nothing is, with that environment activated."""
    variables = environment(tmp_path, PYTEST_ADDOPTS=ALONE)
    path = os.pathsep.join([os.fspath(programs), variables["PATH"]])
    folder = tmp_path / "place"
    folder.mkdir()
    return Clone(folder, {**variables, "PATH": path})


def inside(shell: Clone, name: str) -> Clone:
    """The same shell in a folder, made where it is not there."""
    (shell.path / name).mkdir(exist_ok=True)
    return Clone(shell.path / name, shell.environment)


def test_tones(shell, blocks):
    """A registry of a field of one's own: built, verified, tested, pushed, used by URL."""
    page = blocks(PAGE)
    shell.sh(page[0].text)
    sounds = inside(shell, "sounds")
    own = pages.write_files(PAGE, sounds.path)
    commands, wrong, repro, said, share, ini, asks = page[len(own) + 1 : len(own) + 8]
    assert [block.file for block in own] == OWN
    lines = sum(len(block.text.splitlines()) for block in own)
    assert lines <= MOST_LINES, "the user's own code"
    printed = sounds.sh(commands.text)
    for part in ("ok      tones_v1  (", "ok      published.sum", "1 passed"):
        assert part in printed, printed
    shown = printed.rpartition("passed")[2]
    for part in ("sound", "pitch_hz", "rate_hz", "(3, 4000)"):
        assert part in shown, shown
    for word in ("diffraction", "frame", "probe", "physics", "positions"):
        assert word not in shown, shown
    assert sounds.changed() == [], "something is left"

    with (sounds.path / "params.yaml").open("a") as file:
        file.write(wrong.text)
    ended = sounds.run("sh", "-c", repro.text)
    assert ended.code != 0, "a wrong sampling rate passes"
    for line in said.text.splitlines():
        assert line in ended.out, ended.out
    assert sounds.changed() == ["params.yaml"], "something was written"
    sounds.sh("git checkout --quiet params.yaml && dvc repro && fixtures verify")

    sounds.sh(share.text)
    other = inside(shell, "other")
    (other.path / "pytest.ini").write_text(ini.text.replace(HOST, sounds.path.as_uri()))
    (other.path / "test_octaves.py").write_text(asks.text)
    assert "1 passed" in other.sh("pytest"), "not as the page uses it"


def test_in_a_folder(shell, blocks):
    """The commands of the page, in a repository that has what stands in the way at its top."""
    folder, _ = blocks(PAGE)[-2:]
    repository = inside(shell, "sounds")
    for name in ("dvc.yaml", "params.yaml", "registry.py"):
        (repository.path / name).touch()
    repository.sh("git init --quiet")
    printed = repository.sh(f"{folder.text}dvc repro")
    assert "params.yaml: 0 sources, 0 fixtures" in printed, printed


def test_ptychography(shell, blocks):
    """The first fixture of that field is built, verified and loaded."""
    *_, commands = blocks(PAGE)
    scans = inside(shell, "scans")
    printed = scans.sh(f"""
        git init --quiet
        {commands.text}
        fixtures publish
        git add --all && git commit --quiet --message first
        fixtures verify
        python -m pytest tests
    """)
    for part in ("ok      first_v1  (", "ok      published.sum", "1 passed"):
        assert part in printed, printed
    assert scans.changed() == [], "something is left"
