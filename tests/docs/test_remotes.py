"""docs/remotes.md, section by section, each with a server of its kind on loopback."""

from __future__ import annotations

import getpass
import re
import tomllib
from shlex import quote

import pytest
import yaml

from tests.kit import sites, workflows
from tests.kit.repository import FOLDER, REPOSITORY
from tests.kit.servers import ObjectServer, S3Server, SSHServer

PAGE = "docs/remotes.md"
NAME = "minimal_dataset_v1_n16"

pytestmark = pytest.mark.slow


@pytest.fixture
def section(blocks):
    """Blocks of shell below a heading of the page, with names of servers and people replaced."""
    page = (REPOSITORY / PAGE).read_text("utf-8")

    def find(heading: str, **replaced: str) -> list[str]:
        start = page.index(f"\n## {heading}\n")
        part = page[start : page.index("\n## ", start + 1)]
        found = []
        for block in blocks(PAGE):
            if block.text in part:
                text = block.text
                for old, new in replaced.items():
                    # as a person would type it: a path may have spaces
                    text = text.replace(old, re.sub(r"[^\w/.:@-]", r"\\\g<0>", new))
                found.append(text)
        for old in replaced:
            assert old in part, f"the page no longer says {old}"
        return found

    return find


def fresh(clone):
    """A colleague's clone, without bytes, with the first one's credentials."""
    path = clone.path.with_name("fresh")
    clone.git("clone", "--quiet", ".", path)
    local = clone.path / ".dvc" / "config.local"
    if local.exists():
        (path / ".dvc" / "config.local").write_bytes(local.read_bytes())
    return type(clone)(path, clone.environment)


def installs(text: str, extra: str) -> None:
    """The block that installs: the extra that it names is one."""
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert text == f"pip install 'fixture-registry[{extra}]'\n", "not the block that installs"
    assert f"dvc-{extra}" in " ".join(extras["optional-dependencies"][extra]), "no such extra"


def test_the_default(clone, blocks):
    """Pushed as cloned, to the folder beside the clone; pulled in another one."""
    push, pull = blocks(PAGE)[0].text.splitlines(keepends=True)
    assert (push.split()[:2], pull.split()[:2]) == (["dvc", "push"], ["fixtures", "pull"])
    clone.sh(push)
    printed = fresh(clone).sh(pull)
    assert "0 present, 0 from the cache" in printed, "not fetched"
    assert ", 0 failed" in printed, "not all was fetched"


def test_a_directory(clone, section, tmp_path):
    """The team's folder is the default remote then, committed, and is used."""
    (setup,) = section("The default: a directory", **{"/mnt/shared": str(tmp_path)})
    clone.sh(setup)
    clone.sh(f"dvc push fixture@{NAME}")
    assert len(list((tmp_path / "registry").glob("files/md5/*/*"))) == 1, "not in the folder"
    assert "1 from the remote" in fresh(clone).sh(f"fixtures pull {NAME}"), "not from there"


def test_s3(clone, section, tmp_path):
    """From an empty bucket to a verified clone of a colleague's, by the page's commands alone."""
    pytest.importorskip("dvc_s3")
    with S3Server(tmp_path / "s3") as server:
        install, *setup, check = section(
            "S3",
            **{"https://s3.example.org": server.endpoint, "KEY": server.KEY}
            | {"SECRET": server.SECRET},
        )
        installs(install, "s3")
        for text in setup:
            clone.sh(text)
        assert clone.changed() == [], "keys, or something else, are left for git"
        assert server.SECRET not in (clone.path / ".dvc/config").read_text(), "a key is committed"
        other = fresh(clone)
        printed = other.sh(check)
    stored = list((tmp_path / "s3/bucket/registry").glob("files/md5/*/*"))
    pinned = list((clone.path / FOLDER).glob("*.npz"))
    assert len(stored) == len(pinned), "not every fixture is in the bucket"
    assert f"{len(pinned)} from the remote, 0 failed" in printed, "not all came from there"
    assert printed.count("links hold)") == len(pinned), "not verified"


def test_ssh(clone, section, tmp_path):
    """With a key, to a folder of the server's."""
    pytest.importorskip("dvc_ssh")
    with SSHServer(tmp_path / "ssh") as server:
        install, setup = section(
            "SSH",
            **{
                "ssh://host/srv/registry": server.url,
                "/home/NAME/.ssh/id_ed25519": str(tmp_path / "ssh/user_key"),
                "NAME": getpass.getuser(),
            },
        )
        installs(install, "ssh")
        clone.sh(setup)
        clone.sh(f"dvc push fixture@{NAME}")
        printed = fresh(clone).sh(f"fixtures pull {NAME}")
    assert "1 from the remote" in printed, "not from there"


def test_http(clone, section, tmp_path):
    """A folder that is served can be pulled from."""
    remote = tmp_path / "served"
    clone.sh(f"dvc remote modify local url {quote(str(remote))} && dvc push fixture@{NAME}")
    with ObjectServer(remote) as server:
        (setup,) = section("HTTP", **{"https://host/registry": server.url})
        clone.sh(f"{setup}git commit --quiet --all --message remote")
        printed = fresh(clone).sh(f"fixtures pull {NAME}")
    assert "1 from the remote" in printed, "not from there"


def test_github_pages(clone, section):
    """What the workflow pushes into the folder is all that others need, once it is served."""
    folder = clone.path / "build" / "site"
    folder.mkdir(parents=True)
    with sites.python(folder) as address:
        setup, workflow = section(
            "GitHub Pages", **{"https://OWNER.github.io/fixture-registry": address}
        )
        clone.sh(setup)
        assert workflows.faults(workflow) == ""
        steps = yaml.safe_load(workflow)["jobs"]["publish"]["steps"]
        builds, pushes = [step["run"] for step in steps if "run" in step]
        # which has built the clone already
        assert builds == "make fixtures", "the workflow builds otherwise"
        clone.sh(pushes.replace(".venv/bin/", ""))
        (path,) = [
            step["with"]["path"] for step in steps if "with" in step and "path" in step["with"]
        ]
        assert clone.path / path == folder, "another folder is uploaded"
        clone.environment["FIXTURES_REGISTRY"] = f"git+{clone.path.as_uri()}@main"
        printed = clone.sh(f"fixtures pull {NAME}")
    assert "1 from the remote" in printed, "not from there"
