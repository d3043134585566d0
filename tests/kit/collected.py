"""A registry whose history pinned much that nobody wants any more, with its cache and its remote.

Bytes are made up, and no file is a fixture: nothing here is ever loaded.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.compare.kit import commit, lock, stage
from tests.kit.files import object_in
from tests.kit.processes import git
from tests.kit.registries import configure

FOLDER = "data"
# The remote's folder in the place where `make` makes a registry, and that in turn.
REGISTRY, REMOTE = "registry", "remote"
RETIRED = ("gone_v1", "twin_v1")
PARAMS = "retired:\n" + "".join(
    f"  {name}: {{reason: wrong, since: '2026-11-27'}}\n" for name in RETIRED
)


def md5(data: bytes) -> str:
    """Hex md5."""
    return hashlib.md5(data).hexdigest()


# Two versions have the same bytes, and one had others before it was published.
BYTES = {
    "a_v1": b"the bytes of a_v1",
    "draft": b"what a_v1 had been",
    "twin_v1": b"the bytes of a_v1",
    "gone_v1": b"the bytes of gone_v1",
    "lost_v1": b"the bytes of lost_v1",
    "never_v1": b"the bytes of never_v1",
    "branch_v1": b"the bytes of branch_v1",
    "tag_v1": b"the bytes of tag_v1",
    "far_v1": b"the bytes of far_v1",
    "both": b"in both folders",
    "new": b"in the new folder",
    "old": b"in the old folder",
    "other": b"of another repository",
}


def folder(*names: str) -> bytes:
    """The list of files that DVC makes of a folder."""
    return json.dumps([{"md5": md5(BYTES[name]), "relpath": name} for name in names]).encode()


NEW, OLD = folder("both", "new"), folder("both", "old")
# By md5, as they lie in the cache and on the remote, and what each is called here.
OBJECTS = {
    **{md5(data): (name, data) for name, data in reversed(BYTES.items())},
    f"{md5(NEW)}.dir": ("new folder", NEW),
    f"{md5(OLD)}.dir": ("old folder", OLD),
}


def sidecar(name: str) -> bytes:
    """All that is read of a sidecar."""
    return json.dumps({"sha256_checksum": hashlib.sha256(BYTES[name]).hexdigest()}).encode()


def pin(root: Path, **names: str) -> str:
    """Text of a lock that pins versions with the bytes of something; sidecars are written."""
    stages = []
    (root / FOLDER).mkdir(exist_ok=True)
    for name, of in names.items():
        (root / FOLDER / f"{name}.json").write_bytes(sidecar(of))
        stages.append(stage(name, md5=md5(BYTES[of]), sidecar=md5(sidecar(of))))
    return lock(*stages)


def track(root: Path, data: bytes) -> None:
    """Write the ``.dvc`` file of a folder."""
    text = f"outs:\n- {{md5: {md5(data)}.dir, size: 1, nfiles: 2, hash: md5, path: extra}}\n"
    (root / "extra.dvc").write_text(text)


def make(place: Path) -> Path:
    """Make a registry and a remote beside it; return the registry's top folder.

    Of what the first commit pins, HEAD pins ``a_v1``, with other bytes, and the folder, with other
    files. A branch has ``branch_v1``, a tag has ``tag_v1``, and ``lost_v1`` is published and not
    retired.
    """
    root = place / REGISTRY
    (root / ".dvc").mkdir(parents=True)
    configure(root, "../../remote")
    (root / ".gitignore").write_text(f"/{FOLDER}/*.npz\n/.dvc/cache\n/.dvc/tmp\n")
    git(root, "init", "--quiet", "--initial-branch", "main", "--template", "")
    track(root, OLD)
    source = f"deps: [{{path: x, repo: {{url: u, rev_lock: {'0' * 40}}}}}]\n"
    out = f"outs:\n- {{md5: {md5(BYTES['far_v1'])}, size: 1, hash: md5, path: far_v1.npz}}\n"
    (root / "far_v1.npz.dvc").write_text(source + out)
    before = {name: name for name in ("twin_v1", "gone_v1", "lost_v1", "never_v1")}
    commit(root, pin(root, a_v1="draft", **before))

    git(root, "rm", "--quiet", "-r", FOLDER, "far_v1.npz.dvc")
    track(root, NEW)
    (root / "params.yaml").write_text(PARAMS)
    published = ("a_v1", "lost_v1", *RETIRED)
    lines = (
        f"{name} {hashlib.sha256(BYTES[name]).hexdigest()} {'0' * 64} {'0' * 64}\n"
        for name in published
    )
    (root / "published.sum").write_text("".join(lines))
    commit(root, pin(root, a_v1="a_v1"))

    for name in ("branch_v1", "tag_v1"):
        git(root, "checkout", "--quiet", "-b", name, "main")
        commit(root, pin(root, a_v1="a_v1", **{name: name}))
    git(root, "tag", "released")
    git(root, "checkout", "--quiet", "main")
    git(root, "branch", "--quiet", "-D", "tag_v1")
    # few files, since each test copies them
    git(root, "gc", "--quiet")
    fill(root / ".dvc" / "cache")
    fill(place / REMOTE)
    return root


def fill(place: Path) -> None:
    """Put every object into a cache or a remote."""
    for name, (_, data) in OBJECTS.items():
        path = object_in(place, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def removed(place: Path) -> set[str]:
    """What is no longer in a cache or a remote, by what it is called here."""
    return {called for name, (called, _) in OBJECTS.items() if not object_in(place, name).exists()}
