"""A registry below a repository that has all of its names already: neither is in the way."""

from __future__ import annotations

import shlex

import pytest
import yaml

from tests.kit import pages
from tests.kit.clone import Clone
from tests.kit.environment import environment

# What a registry of arrays may have in it.
PAGE = "docs/your-own-registry.md"

pytestmark = pytest.mark.slow

# What a repository may have at its top: a pipeline of its own, and a module of our package's name.
THEIRS = {
    "dvc.yaml": "stages: {model: {cmd: cp params.yaml model.txt, deps: [params.yaml], "
    "outs: [model.txt]}}\n",
    "params.yaml": "rate: 1\n",
    "pytest.ini": "[pytest]\npythonpath = .\n",
    "registry.py": 'NAMES = ["theirs"]\n',
    "tests/conftest.py": "import pytest\nimport registry\n\n\n@pytest.fixture\ndef names():\n"
    "    return registry.NAMES\n",
    "tests/test_theirs.py": "import registry\n\n\ndef test_theirs(names):\n"
    '    assert names == registry.NAMES == ["theirs"]\n',
}
# DVC brings this plugin, which takes longer to start than pytest itself.
PYTEST = "python -m pytest -p no:hydra_pytest -p no:cacheprovider -rs"


@pytest.fixture
def theirs(tmp_path):
    """Such a repository, in which all is committed and built."""
    project = Clone(tmp_path / "project", environment(tmp_path))
    for name, text in THEIRS.items():
        (project.path / name).parent.mkdir(parents=True, exist_ok=True)
        (project.path / name).write_text(text)
    project.sh("git init --quiet && dvc init --quiet && dvc repro --quiet")
    project.commit()
    return project


def test_beside_what_is_there(theirs):
    """Built, verified and tested in its folder, its hooks at git's top; theirs runs as before."""
    said = theirs.run("fixtures", "init")
    assert said.code == 2, said
    for name in ("dvc.yaml", "params.yaml"):
        assert f" {name}: another file\n" in said.out
    assert "registry.py: Python would import it in place of this package" in said.out
    assert theirs.changed() == [], "something was written"

    theirs.sh("fixtures init data --pre-commit")
    pages.write_files(PAGE, theirs.path / "data")
    assert {name.split("/")[0] for name in theirs.changed()} == {".pre-commit-config.yaml", "data"}
    printed = theirs.sh(f"""
        cd data
        dvc repro
        fixtures publish
        git add --all .. && git commit --quiet --message data
        fixtures verify
        {PYTEST}
    """)
    assert "ok      tones_v1  (11 links hold)" in printed, printed
    assert "ok      published.sum, in 1 commit of the main branch" in printed, printed
    assert "1 passed" in printed, printed
    assert theirs.changed() == [], "something is left that git does not know"

    (local,) = yaml.safe_load((theirs.path / ".pre-commit-config.yaml").read_bytes())["repos"]
    for hook in local["hooks"]:
        ended = theirs.run(*shlex.split(hook["entry"]))
        assert ended.code == 0, ended
    assert "Data and pipelines are up to date." in theirs.sh("dvc repro")
    printed = theirs.sh(PYTEST)
    assert "1 passed, 1 skipped" in printed, printed
    assert "run pytest in " in printed, printed
    for command in ("pytest tests", f"{PYTEST} tests"):
        assert "1 passed" in theirs.sh(command)


def test_used_from_elsewhere(theirs, tmp_path):
    """Another repository has it by URL, with its folder behind the revision."""
    theirs.sh("fixtures init data")
    pages.write_files(PAGE, theirs.path / "data")
    theirs.sh("""
        cd data
        dvc remote add --default store ../../store
        dvc repro && fixtures publish && dvc push
        git add --all .. && git commit --quiet --message data && git tag v1
        fixtures verify --against HEAD
    """)
    other = Clone(tmp_path / "other", environment(tmp_path))
    other.path.mkdir()
    url = f"git+{theirs.path.as_uri()}@v1#subdirectory=data"
    (other.path / "pytest.ini").write_text(f"[pytest]\nfixtures_registry = {url}\n")
    (other.path / "test_it.py").write_text(
        "def test_it(load_fixture):\n    assert load_fixture('tones_v1').sound.shape == (3, 4000)\n"
    )
    assert "1 passed" in other.sh(PYTEST)
    other.environment["FIXTURES_REGISTRY"] = url
    assert "tones_v1" in other.sh("fixtures list && fixtures verify")
