"""Registries of somebody who means harm, each a sound one with one thing changed.

Whatever would run, be read or be written leaves a trace below the folder ``bait``, which is the
user's own: their home, their keys, their files.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from registry import digests
from registry.identity import certificate, pins
from tests.kit.upstream import CONFIG, Upstream, git

NAME = "small_v1"
SERVED = ""


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """What is done to a sound registry, and what a load of `small_v1` is to find.

    ``spoil`` returns whether it has committed what it changed. ``found`` is part of the error's
    text; it is empty where the registry is served all the same, because what was done to it is
    nothing that anybody looks at.
    """

    name: str
    spoil: Callable[[Upstream, Path], bool | None]
    found: str

    def __str__(self) -> str:
        return self.name


ALL: list[Hostile] = []


def hostile(found: str = SERVED, **arguments: list[object]) -> Callable[[Callable], Callable]:
    """Declare a registry, or one for each value of its only argument."""

    def declare(spoil: Callable) -> Callable:
        name = spoil.__name__
        if not arguments:
            ALL.append(Hostile(name=name, spoil=spoil, found=found))
        for key, values in arguments.items():
            for number, value in enumerate(values):
                ALL.append(
                    Hostile(
                        name=f"{name}-{number}",
                        spoil=lambda up, bait, key=key, value=value: spoil(
                            up, bait, **{key: value}
                        ),
                        found=found,
                    )
                )
        return spoil

    return declare


def harm(bait: Path) -> str:
    """Python that leaves a trace."""
    return f"open({str(bait / 'ran')!r}, 'w').close()\n"


def script(upstream: Upstream, bait: Path, path: str = "evil.sh") -> str:
    """A program in the registry that leaves a trace; the command that runs it."""
    target = upstream.path / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f"#!/bin/sh\ntouch '{bait}/ran'\n")
    target.chmod(0o755)
    return str(target)


def link(path: Path, target: Path) -> None:
    """Put a link in a path's place."""
    if path.is_dir() and not path.is_symlink():
        for child in sorted(path.rglob("*"), reverse=True):
            child.rmdir() if child.is_dir() else child.unlink()
        path.rmdir()
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def commit_by_force(upstream: Upstream) -> None:
    """Commit what git would ignore as well."""
    git(upstream.path, "add", "--all", "--force")


def lock(upstream: Upstream, change: Callable[[dict], None]) -> None:
    """Change the outputs of the lock's only fixture: data first, then its sidecar."""
    path = upstream.path / pins.LOCK
    document = yaml.safe_load(path.read_bytes())
    (stage,) = document["stages"].values()
    change({Path(out["path"]).suffix: out for out in stage["outs"]})
    path.write_text(yaml.safe_dump(document, allow_unicode=True))


# --- programs


@hostile()
def modules(upstream, bait):
    """Python under names that somebody imports, or that a program looks for."""
    for name in (
        "dvc.py", "dvc/__init__.py", "conftest.py", "sitecustomize.py", "usercustomize.py",
        "numpy.py", "yaml.py", "json.py", "registry/__init__.py", "generators/subset_v1.py",
        "setup.py", "fsspec/__init__.py", ".dvc/plugins/__init__.py",
    ):  # fmt: skip
        path = upstream.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(harm(bait))


@hostile()
def a_pipeline(upstream, bait):
    """A stage whose command does harm, declared as always changed."""
    command = script(upstream, bait)
    stage = {"cmd": command, "always_changed": True, "outs": [pins.find(upstream.path, NAME).path]}
    (upstream.path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {f"fixture@{NAME}": stage}}))


@hostile()
def settings_of_pytest(upstream, bait):
    """What pytest would read in a checkout."""
    (upstream.path / "pytest.ini").write_text("[pytest]\naddopts = -p evil\npythonpath = .\n")
    (upstream.path / "evil.py").write_text(harm(bait))


@hostile()
def hooks(upstream, bait):
    """Hooks of git, committed and named as the folder of hooks, and in the repository itself."""
    names = (
        "post-checkout", "post-merge", "pre-commit", "reference-transaction", "post-index-change",
    )  # fmt: skip
    for name in names:
        script(upstream, bait, f"hooks/{name}")
    (upstream.path / ".gitconfig").write_text("[core]\n    hooksPath = hooks\n")
    upstream.commit()
    for name in names:
        script(upstream, bait, f".git/hooks/{name}")
    git(upstream.path, "config", "core.hooksPath", "hooks")
    return True


@hostile()
def a_filter(upstream, bait):
    """An attribute that names a filter, which a checkout would run."""
    command = script(upstream, bait)
    (upstream.path / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")
    upstream.commit()
    for key in ("filter.evil.smudge", "filter.evil.process", "diff.evil.textconv"):
        git(upstream.path, "config", key, command)
    return True


@hostile()
def large_files_elsewhere(upstream, bait):
    """A configuration of git-lfs that names a program for transfers."""
    command = script(upstream, bait)
    (upstream.path / ".lfsconfig").write_text(
        "[lfs]\n    standalonetransferagent = evil\n"
        f'[lfs "customtransfer.evil"]\n    path = {command}\n'
    )
    (upstream.path / ".gitattributes").write_text("*.json filter=lfs\n")


@hostile()
def commands_in_the_repositorys_settings(upstream, bait):
    """What the repository on the other side has configured for itself."""
    command = script(upstream, bait)
    upstream.commit()
    for key in (
        "core.fsmonitor", "core.sshCommand", "uploadpack.packObjectsHook", "core.pager",
        "core.editor", "alias.cat-file",
    ):  # fmt: skip
        git(upstream.path, "config", key, command)
    return True


@hostile(url=["ext::sh -c touch% ran", "../..", "file:///", "-oProxyCommand=touch"])
def a_submodule(upstream, bait, url):
    """A submodule whose address is a command, or a folder of the user's."""
    (upstream.path / ".gitmodules").write_text(
        '[submodule "../../evil"]\n    path = evil\n'
        f"    url = {url}\n    update = !touch {bait}/ran\n"
    )
    git(upstream.path, "add", "--all")
    return another_repository(upstream, "evil")


def another_repository(upstream: Upstream, path: str) -> bool:
    """Commit a path as the place of another repository."""
    head = git(upstream.path, "rev-parse", "HEAD")
    git(upstream.path, "update-index", "--add", "--cacheinfo", f"160000,{head},{path}")
    git(upstream.path, "commit", "--quiet", "--message", "submodule")
    return True


# --- links, at every level


@hostile("found:    a symbolic link", path=["dvc.lock", "params.yaml", ".dvc/config"])
def a_link_for_a_text(upstream, bait, path):
    """One of the texts that are read is a link to a file of the user's."""
    link(upstream.path / path, bait / "file")
    commit_by_force(upstream)


@hostile()
def links_beside(upstream, bait):
    """Links where DVC or a checkout would write."""
    for path in (".dvc/config.local", ".dvc/tmp", ".dvc/cache", "dvc.yaml", ".gitignore", "data"):
        link(upstream.path / path, bait / "folder")
    commit_by_force(upstream)


@hostile("its configuration names no default remote", path=[".dvc"])
def a_link_for_the_folder_of_dvc(upstream, bait, path):
    """The whole folder is a link: its configuration is not the registry's."""
    link(upstream.path / path, bait / "folder")


@hostile(
    "a readable file small_v1.json",
    path=["tests", "tests/fixtures", "tests/fixtures/pytorch_integration"],
)
def a_link_for_a_folder(upstream, bait, path):
    """A folder above the fixture leads out: nothing of the registry lies behind it."""
    link(upstream.path / path, bait / "folder")


@hostile("found:    a symbolic link", kind=[".json", ".npz"])
def a_link_for_a_fixture(upstream, bait, kind):
    """The sidecar, or the bytes, are a link to a file of the user's."""
    pin = pins.find(upstream.path, NAME)
    link(upstream.path / (pin.path if kind == ".npz" else pin.sidecar_path), bait / "file")
    commit_by_force(upstream)


@hostile("found:    a symbolic link")
def a_link_for_a_certificate(upstream, bait):
    """The certificate is a link to a file of the user's."""
    link(upstream.path / certificate.path(NAME), bait / "file")
    commit_by_force(upstream)


@hostile("found:    a symbolic link")
def a_link_for_an_import(upstream, bait):
    """A ``.dvc`` file is a link to a file of the user's."""
    upstream.imports(upstream, NAME, revision=git(upstream.path, "rev-parse", "HEAD"))
    link(upstream.path / "data" / f"{NAME}.npz.dvc", bait / "file")


@hostile("found:    a submodule")
def a_submodule_for_the_lock(upstream, bait):
    """Another repository in the lock's place."""
    git(upstream.path, "rm", "--quiet", "dvc.lock")
    return another_repository(upstream, "dvc.lock")


# --- configuration


def configure(upstream: Upstream, url: str, **settings: str) -> None:
    """Write the registry's configuration of DVC."""
    lines = ["[core]", "    remote = local", "['remote \"local\"']", f"    url = {url}"]
    lines += [f"    {key} = {value}" for key, value in settings.items()]
    (upstream.path / ".dvc" / "config").write_text("\n".join([*lines, ""]))


AWS = "[profile evil]\ncredential_process = {0}\n[default]\ncredential_process = {0}\n"


@hostile("denied access", key=["configpath", "credentialpath"])
def a_process_for_credentials(upstream, bait, key):
    """A file of AWS's that names a program, in the registry, and in its configuration."""
    (upstream.path / "aws").write_text(AWS.format(script(upstream, bait)))
    settings = {key: str(upstream.path / "aws"), "profile": "evil"}
    configure(upstream, "s3://bucket/a", endpointurl="http://127.0.0.1:1", **settings)


@hostile("cannot be reached", key=["keyfile", "password", "ask_password", "gss_auth"])
def keys_for_ssh(upstream, bait, key):
    """A key file, a password, a question: nothing of it is asked or read."""
    value = str(bait / "file") if key == "keyfile" else "true"
    configure(upstream, "ssh://nobody@127.0.0.1:1/a", **{key: value})


@hostile("cannot be reached", key=["ask_password", "custom_auth_header", "ssl_verify"])
def settings_of_http(upstream, bait, key):
    """A question, a header, a file of certificates."""
    auth = {"auth": "basic", "user": "me"} if key == "ask_password" else {}
    configure(upstream, "http://127.0.0.1:1/a", **{key: str(bait / "file"), **auth})


@hostile("which is none of http, https, s3, ssh", kind=[
    "webdav", "webdavs", "gdrive", "gs", "azure", "oss", "hdfs", "webhdfs", "remote", "file", "ftp",
])  # fmt: skip
def another_kind_of_remote(upstream, bait, kind):
    """Kinds that run commands, start browsers, or that nobody has tried."""
    settings = {"bearer_token_command": script(upstream, bait)} if "webdav" in kind else {}
    configure(upstream, f"{kind}://host/a", **settings)


@hostile("keeps versions of files", key=["worktree", "version_aware"])
def a_remote_of_versions(upstream, bait, key):
    """What only `dvc fetch` can read, which would follow all of the configuration."""
    configure(upstream, "s3://bucket/a", **{key: "true"})


@hostile(section=[
    "[cache]\n    dir = {0}\n", "[core]\n    site_cache_dir = {0}\n    hardlink_lock = true\n",
    "[state]\n    dir = {0}\n", "[include]\n    path = {0}\n",
])  # fmt: skip
def folders_of_the_users(upstream, bait, section):
    """Settings that would have DVC write into a folder of the user's."""
    text = section.format(bait / "folder")
    (upstream.path / ".dvc" / "config").write_text(text + CONFIG)


@hostile("not a regular file")
def a_pipe_for_an_object(upstream, bait):
    """On a remote that is a folder, a pipe in an object's place: nobody waits for its writer."""
    pin = pins.find(upstream.path, NAME)
    stored = upstream.path.parent / "remote" / "files" / "md5" / pin.md5[:2] / pin.md5[2:]
    stored.unlink()
    os.mkfifo(stored)


# --- texts


@hostile("dvc.lock", text=[
    "stages: !!python/object/apply:os.system ['touch ran']\n",
    "a: &a [x, x]\nb: &b [*a, *a]\nstages: &c [*b, *b, *c]\n",
    "stages: &a {x: *a}\n",
    "[" * 100_000,
    "{a: " * 50_000,
    "\0\1\2",
    "stages: 1\n",
    "- 1\n",
    "<<<<<<< ours\nstages: {}\n=======\n>>>>>>> theirs\n",
])  # fmt: skip
def a_lock_that_is_none(upstream, bait, text):
    """Tags that make objects, aliases that multiply or lead back, levels without end."""
    (upstream.path / pins.LOCK).write_text(text)


@hostile("at most 16777216 bytes")
def a_huge_lock(upstream, bait):
    """More than anybody reads."""
    (upstream.path / pins.LOCK).write_bytes(b"# \n" * (1 << 23))


BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)


@hostile(text=[
    "deprecated: !!python/object/apply:os.system ['touch ran']\n",
    BOMB + "deprecated: *a29\n",
    BOMB + "deprecated: {small_v1: {reason: *a29, successor: *a29}}\n",
    "deprecated: &a {small_v1: *a}\n",
    "deprecated: " + "[" * 100_000,
    "deprecated: \0\n",
    "deprecated: {small_v1: 1}\n",
])  # fmt: skip
def a_declaration(upstream, bait, text):
    """Of ``params.yaml`` only deprecations are read, and one that is none is no deprecation."""
    (upstream.path / "params.yaml").write_text(text)


@hostile("lock", path=[
    "../../evil_v1.npz", "/evil_v1.npz", "a\\..\\evil_v1.npz", "a/../../evil_v1.npz",
    "C:/evil_v1.npz", "a\0_v1.npz", ".npz", "x" * 300 + "_v1.npz",
])  # fmt: skip
def a_path(upstream, bait, path):
    """Bytes at a place of the registry's choice."""
    lock(upstream, lambda outs: outs[".npz"].update(path=path))


@hostile(
    "a path of its own",
    path=["dvc.lock/small_v1.json", "served.json/small_v1.json", ".dvc/config/small_v1.json"],
)
def a_path_through_a_file(upstream, bait, path):
    """A sidecar below what is a file here."""
    text = (upstream.path / pins.find(upstream.path, NAME).sidecar_path).read_bytes()
    lock(upstream, lambda outs: outs[".json"].update(path=path))
    blob = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=upstream.path, input=text,
        stdout=subprocess.PIPE, check=True,
    ).stdout.decode().strip()  # fmt: skip
    return by_hand(upstream, path, blob)


def by_hand(upstream: Upstream, path: str, blob: str) -> bool:
    """Commit a file under a path that git itself would not take, beside what is there."""
    git(upstream.path, "add", "--all")
    inner, mode = blob, "100644"
    for part in reversed(path.split("/")[1:]):
        inner = tree(upstream, [(mode, part, inner)])
        mode = "40000"
    listed = git(upstream.path, "ls-tree", git(upstream.path, "write-tree")).splitlines()
    entries = []
    for line in listed:
        head, name = line.split("\t")
        entries.append((head.split()[0].lstrip("0"), name, head.split()[2]))
    made = tree(upstream, [*entries, (mode, path.split("/")[0], inner)])
    commit = git(upstream.path, "commit-tree", made, "-p", "HEAD", "-m", "by hand")
    git(upstream.path, "update-ref", "HEAD", commit)
    return True


def tree(upstream: Upstream, entries: list[tuple[str, str, str]]) -> str:
    """Write a tree as it is given, whatever its names are; its id."""
    data = b"".join(
        f"{mode} {name}".encode() + b"\0" + bytes.fromhex(blob) for mode, name, blob in entries
    )
    return subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"],
        cwd=upstream.path, input=data, stdout=subprocess.PIPE, check=True,
    ).stdout.decode().strip()  # fmt: skip


@hostile(
    path=[
        "../evil_v1.npz.dvc",
        # from where a commit's texts are put together to the user's own folder
        "../../../../bait/evil_v1.npz.dvc",
        "..",
        ".git/evil_v1.npz.dvc",
        "data/../../../evil_v1.npz.dvc",
        "a\x1b[31m_v1.npz.dvc",
    ]
)
def a_name_that_leads_out(upstream, bait, path):
    """A commit made by hand, with a name that leads out of any folder that it is written to."""
    upstream.imports(upstream, NAME, revision=git(upstream.path, "rev-parse", "HEAD"))
    file = upstream.path / "data" / f"{NAME}.npz.dvc"
    blob = git(upstream.path, "hash-object", "-w", str(file))
    for each in (upstream.path / "data").iterdir():
        each.unlink()
    return by_hand(upstream, path, blob)


@hostile("lock", size=["-1", "1e3", "abc", ""])
def a_size(upstream, bait, size):
    """No number of bytes."""
    lock(upstream, lambda outs: outs[".npz"].update(size=size))


@hostile("size")
def a_size_of_everything(upstream, bait):
    """More bytes than there is memory for: nobody makes room before they are there."""
    lock(upstream, lambda outs: outs[".npz"].update(size=1 << 60))


@hostile("lock", md5=["../../../../evil", "A" * 32, "", "0" * 31])
def a_digest(upstream, bait, md5):
    """What would be the path of an object."""
    lock(upstream, lambda outs: outs[".npz"].update(md5=md5))


def rename(upstream: Upstream, name: str) -> None:
    """Call the fixture something else, in the lock alone."""
    path = upstream.path / pins.LOCK
    document = yaml.safe_load(path.read_bytes())
    (stage,) = document["stages"].values()
    for out in stage["outs"]:
        out["path"] = out["path"].replace(NAME, name)
    path.write_text(yaml.safe_dump({"stages": {f"fixture@{name}": stage}}, allow_unicode=True))


@hostile(
    "expected: a lock as DVC writes it",
    name=[
        "__class__",
        "request",
        "tmp_path",
        "\x1b[31mred_v1",
        "\u202ev1_evil",
        "a b_v1",
        "UPPER_v1",
    ],
)
def a_name(upstream, bait, name):
    """What shadows fixtures of pytest, or colours a terminal."""
    rename(upstream, name)


@hostile("sidecar", text=[
    "[" * 100_000, '{"a": ' * 50_000, '{"name": NaN}', '{"name": 1e999}', "{}", '{"a": 1, "a": 2}',
    '{"name": "\\ud800"}', "9" * 100_000, "\x1b]0;title\x07",
])  # fmt: skip
def a_sidecar(upstream, bait, text):
    """A sidecar that is pinned and is none."""
    pin = pins.find(upstream.path, NAME)
    data = text.encode()
    (upstream.path / pin.sidecar_path).write_bytes(data)
    lock(upstream, lambda outs: outs[".json"].update(md5=digests.md5(data), size=len(data)))


# --- imports


@hostile("import", url=[
    "ext::sh -c touch% ran", "fd::3", "-oProxyCommand=touch ran", "--upload-pack=touch ran",
    "https://host/\x1b[31m", "",
])  # fmt: skip
def an_import_from(upstream, bait, url):
    """Addresses that are commands, or none."""
    upstream.imports(upstream, NAME, revision=git(upstream.path, "rev-parse", "HEAD"), url=url)
    (upstream.path / pins.LOCK).unlink()


@hostile("none in the cache; unable to access 'http://127.0.0.1:1/", url=[
    "http://127.0.0.1:1/nowhere.git",
])  # fmt: skip
def an_import_from_nowhere(upstream, bait, url):
    """An address that nobody answers at."""
    upstream.imports(upstream, NAME, revision=git(upstream.path, "rev-parse", "HEAD"), url=url)
    (upstream.path / pins.LOCK).unlink()


@hostile("import", revision=["main", "--upload-pack=touch", "HEAD", "f" * 40])
def an_import_at(upstream, bait, revision):
    """Revisions that move, are options, or are not there; so a circle can be made of branches."""
    upstream.imports(upstream, NAME, revision=revision)
    (upstream.path / pins.LOCK).unlink()


@hostile("more than 4 registries")
def imports_without_end(upstream, bait):
    """Each commit imports from the one before it."""
    for _ in range(6):
        upstream.imports(upstream, NAME, revision=git(upstream.path, "rev-parse", "HEAD"))
        (upstream.path / pins.LOCK).unlink(missing_ok=True)
        upstream.commit()


@hostile("import", wdir=["../..", "/", "../../../../../../../.."])
def an_import_elsewhere(upstream, bait, wdir):
    """A working directory that leads out."""
    upstream.imports(upstream, NAME, revision=git(upstream.path, "rev-parse", "HEAD"))
    for path in (upstream.path / "data").iterdir():
        path.write_text(path.read_text() + f"wdir: {wdir}\n")
    (upstream.path / pins.LOCK).unlink()


# --- bytes


def serve_bytes(upstream: Upstream, data: bytes) -> None:
    """Pin these bytes, in lock and sidecar, and push them."""
    import json

    pin = pins.find(upstream.path, NAME)
    path = upstream.path / pin.sidecar_path
    document = json.loads(path.read_bytes())
    document.update(sha256_checksum=digests.sha256(data), size=len(data))
    text = json.dumps(document).encode()
    path.write_bytes(text)

    def change(outs):
        outs[".npz"].update(md5=digests.md5(data), size=len(data))
        outs[".json"].update(md5=digests.md5(text), size=len(text))

    lock(upstream, change)
    digest = digests.md5(data)
    stored = upstream.path.parent / "remote" / "files" / "md5" / digest[:2] / digest[2:]
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_bytes(data)


class Evil:
    """What a pickle makes of it runs."""

    def __init__(self, bait: Path) -> None:
        self.bait = bait

    def __reduce__(self):
        return (os.system, (f"touch '{self.bait}/ran'",))


@hostile("fixture small_v1", kind=["pickle", "npy", "bomb", "text"])
def bytes_of(upstream, bait, kind):
    """A pickle, an array of objects, an archive that expands without end, no archive at all."""
    path = upstream.path.parent / "made"
    pickled = pickle.dumps(Evil(bait))
    header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + "\n"
    npy = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + pickled
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if kind == "bomb":
            archive.writestr("frames.npy", b"\0" * (1 << 26))
        elif kind == "npy":
            archive.writestr("frames.npy", npy)
        else:
            archive.writestr("frames.pkl", pickled)
    serve_bytes(upstream, b"text" if kind == "text" else path.read_bytes())
