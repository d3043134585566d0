"""A maintainer's repository, remote and habits, and what was published in it.

All that is the registry's own is real: git, declaration, ledger, the guard of a fixture's stage,
merges, verification, collecting. Two things are made up, because they would take seconds: arrays
are those of one fixture but for a number that follows from ``n_subset``, and DVC runs no stage.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

import registry
from bench import scratch
from registry import digests, loading
from registry.build import fixture as stage
from registry.cli import main
from registry.compare import lock_merge, params_merge
from registry.declare import declaration
from registry.errors import CheckError, RegistryError
from registry.identity import ledger, npz, pins, sidecar
from registry.identity.inventory import inventory
from tests.kit.environment import environment
from tests.kit.files import object_in
from tests.kit.processes import git, run
from tests.kit.registries import configure
from tests.kit.repository import FOLDER, REPOSITORY, excerpt

# Whose entry, sidecar and stage those of a life are patterned on. It is there from the start.
MODEL = "minimal_dataset_v1_n16"
_ENTRY = """\
  {name}:
    generator: subset_v1
    source: run1084_twin
    strategy: evenly_spaced
    n_subset: {frames}
    diff3d: true
    created: "2026-11-23T00:00:00+00:00"
"""
_MERGES = {"params.yaml": params_merge.merge, "dvc.lock": lock_merge.merge}


def _arrays(frames: int) -> dict[str, np.ndarray]:
    model = registry.load(MODEL, REPOSITORY)
    xcoords = model["xcoords"].copy()
    xcoords[0] += 1e-6 * frames
    return {**model, "xcoords": xcoords}


class Life:
    """A repository on a branch, with a remote beside it.

    Attributes
    ----------
    released : dict of str to bytes
        What each version was published with, by the first commit of main that had it.
    """

    def __init__(
        self, folder: Path, url: str = "../../remote", remote: Path | None = None, **settings: str
    ) -> None:
        """Begin with one version.

        Parameters
        ----------
        url, settings
            What the registry's configuration has of its remote.
        remote : path, optional
            The folder in which its objects come to lie, so that they can be looked at.
        """
        self.root, self.remote = folder / "registry", remote or folder / "remote"
        self.released: dict[str, bytes] = {}
        self.remote.mkdir(parents=True, exist_ok=True)
        for name in ("generators", "schemas"):
            shutil.copytree(
                REPOSITORY / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        shutil.copyfile(REPOSITORY / ".gitattributes", self.root / ".gitattributes")
        (self.root / ".gitignore").write_text("*.npz\n/.dvc/cache\n/.dvc/tmp\n")
        for suffix in (".npz", ".json"):
            target = self.root / FOLDER / f"{MODEL}{suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / FOLDER / target.name, target)
        excerpt(self.root, [MODEL])
        (self.root / ".dvc").mkdir()
        configure(self.root, url, **settings)
        self.git("init", "--quiet", "--initial-branch", "main")
        self._store(pins.find(self.root, MODEL).path)
        self.publish()
        self.push()
        self.commit()
        self._note()

    def copy(self, folder: Path) -> Life:
        """The same life so far, elsewhere; what it publishes from now on is its own."""
        other = object.__new__(Life)
        other.root, other.remote = folder / "registry", folder / "remote"
        other.released = dict(self.released)
        shutil.copytree(self.root.parent, folder)
        return other

    # what git does

    def git(self, *arguments: str) -> str:
        """Run git, which has to succeed."""
        return git(self.root, *arguments)

    @property
    def branch(self) -> str:
        """The one that is checked out."""
        return self.git("branch", "--show-current")

    def branches(self) -> list[str]:
        """All there are."""
        return self.git("branch", "--format", "%(refname:short)").split()

    def commit(self) -> None:
        """Commit all, changed or not."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")

    def start(self, branch: str) -> None:
        """A new branch from here."""
        self.commit()
        self.git("checkout", "--quiet", "-b", branch)

    def switch(self, branch: str) -> None:
        """Check a branch out, with the bytes that it pins."""
        self.commit()
        self.git("checkout", "--quiet", branch)
        self.restore()

    # what a maintainer does

    def declared(self) -> dict[str, int]:
        """The number of frames of each version of which there is an entry, but for the first."""
        found = self._document()["fixtures"]
        return {name: entry["n_subset"] for name, entry in found.items() if name != MODEL}

    def deprecated(self) -> set[str]:
        """Names that are deprecated."""
        return set(self._document().get("deprecated") or {})

    def declare(self, name: str, frames: int) -> None:
        """Put an entry at the end of ``fixtures``."""
        head, tail = self._halves()
        self._write(f"{head}{_ENTRY.format(name=name, frames=frames)}{tail}")

    def undeclare(self, name: str) -> None:
        """Take an entry away."""
        document = self._document()
        entry = document["fixtures"].pop(name)
        self._write(self._text().replace(_ENTRY.format(name=name, frames=entry["n_subset"]), ""))

    def redeclare(self, name: str, frames: int) -> None:
        """Give an entry another number of frames."""
        before = self._document()["fixtures"][name]["n_subset"]
        old, new = (_ENTRY.format(name=name, frames=number) for number in (before, frames))
        self._write(self._text().replace(old, new))

    def retire(self, name: str) -> int:
        """Withdraw a version: its entry, its pin, its files."""
        self.undeclare(name)
        text = self._text()
        head = "" if "\nretired:\n" in text else "retired:\n"
        line = f"  {name}: {{reason: wrong, since: '2026-11-27'}}\n"
        self._write(f"{text}{head}{line}")
        return self.fixtures("unpin", name)[0]

    def deprecate(self, name: str) -> None:
        """Say of a version that it should no longer be used."""
        head, tail = self._halves()
        new = f"  {name}: {{reason: old, successor: {MODEL}}}\n"
        tail = tail.replace("deprecated:\n", f"deprecated:\n{new}", 1)
        self._write(head + (tail if "deprecated:" in tail else f"deprecated:\n{new}{tail}"))

    def build(self) -> list[str]:
        """Build what is not up to date; the names of versions whose stage refused to."""
        declared, pinned = declaration.read(self.root), pins.read(self.root)
        refused = []
        for name, entry in declared.fixtures.items():
            if name in pinned:
                record = loading.read_sidecar(self.root, pinned[name])
                if not declared.differences(record):
                    continue
            try:
                self.make(name, int(entry["n_subset"]))
            except CheckError:
                refused.append(name)
        return refused

    def make(self, name: str, frames: int, *, guarded: bool = True) -> None:
        """Write a version as its stage does, and pin it; by hand, where nothing is guarded."""
        arrays = _arrays(frames)
        data = npz.encode(arrays)
        model = loading.read_sidecar(REPOSITORY, pins.find(REPOSITORY, MODEL))
        record = replace(
            model,
            name=name,
            version=sidecar.version_of(name),
            sha256_checksum=digests.sha256(data),
            content_sha256=digests.content_digest(arrays),
            size=len(data),
            arrays=inventory(arrays),
            generator_parameters={**model.generator_parameters, "n_subset": frames},
        )
        if guarded:
            with contextlib.chdir(self.root):
                stage._hold_to_published(record)
        path = self.root / FOLDER / f"{name}.npz"
        path.write_bytes(data)
        path.with_suffix(".json").write_bytes(sidecar.encode(record))
        self._pin(name)
        self._store(f"{FOLDER}/{name}.npz")

    def unpin(self, name: str) -> None:
        """Take a stage out of the lock by hand, whatever is declared or published."""
        path = self.root / pins.LOCK
        if name in pins.read(self.root):
            path.write_bytes(lock_merge.without(path.read_bytes(), f"{pins.STAGE}{name}"))

    def publish(self) -> int:
        """Add lines to the ledger."""
        return self.fixtures("publish")[0]

    def push(self) -> None:
        """Put on the remote what is pinned and is not there."""
        for pin in pins.read(self.root).values():
            source = object_in(self.root / ".dvc" / "cache", pin.md5)
            if source.is_file() and not object_in(self.remote, pin.md5).is_file():
                self.put(source, object_in(self.remote, pin.md5))

    def put(self, source: Path, target: Path) -> None:
        """Put one object on the remote, where it is to lie in the remote's folder."""
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    def restore(self) -> None:
        """The workspace as ``dvc checkout`` leaves it, with what the cache and the remote have."""
        pinned = pins.read(self.root)
        kept = {f"{name}.npz" for name in pinned}
        for path in (self.root / FOLDER).glob("*.npz"):
            if path.name not in kept:
                path.unlink()
        for pin in pinned.values():
            for place in (self.root / ".dvc" / "cache", self.remote):
                stored = object_in(place, pin.md5)
                if stored.is_file():
                    shutil.copyfile(stored, self.root / pin.path)
                    break

    def merge(self, branch: str, *, drivers: bool) -> bool:
        """Merge a branch; False, and nothing is changed, where something is in conflict."""
        self.commit()
        base = self.git("merge-base", "HEAD", branch)
        ours, theirs = (self._files(revision) for revision in ("HEAD", branch))
        merging = ["git", "merge", "--quiet", "--no-ff", "--no-commit", branch]
        run(merging, self.root, environment(self.root))
        if drivers:
            for file, merge in _MERGES.items():
                sides = (self._files(base)[file], ours[file], theirs[file])
                try:
                    merged = merge(*sides)
                except RegistryError:
                    return self._give_up()
                if merged.conflicts:
                    return self._give_up()
                (self.root / file).write_bytes(merged.data)
                self.git("add", file)
        if self.git("ls-files", "--unmerged"):
            return self._give_up()
        self.git("commit", "--quiet", "--allow-empty", "--message", "merge")
        self.restore()
        return True

    def release(self, branch: str, *, drivers: bool) -> bool:
        """Merge a branch into main as a pull request is: where `verify` lets it, or not at all."""
        self.switch("main")
        before = self.git("rev-parse", "HEAD")
        accepted = self.merge(branch, drivers=drivers) and self.verify()
        if accepted:
            self.push()
            self._note()
        else:
            self.git("reset", "--quiet", "--hard", before)
            self.restore()
        return accepted

    def verify(self) -> bool:
        """Whether ``fixtures verify`` finds nothing wrong."""
        return self.fixtures("verify")[0] == 0

    def fixtures(self, *arguments: str) -> tuple[int, str]:
        """Run the command in this process; its exit code, and what it printed."""
        said = io.StringIO()
        with (
            contextlib.chdir(self.root),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            code = main(list(arguments))
        return code, said.getvalue()

    # what has to be

    def retired(self, revision: str = "main") -> set[str]:
        """Names that the declaration at a revision retires."""
        return set(yaml.safe_load(self._files(revision)["params.yaml"]).get("retired") or {})

    def check(self) -> None:
        """No version that was ever published is another one on main, or has lost its bytes."""
        files = self._files("main")
        lines, pinned = ledger.parse(files[ledger.FILE]), pins.parse(files[pins.LOCK])
        retired = self.retired()
        for name, data in self.released.items():
            md5 = digests.md5(data)
            assert name in lines, f"{name}: its line is gone"
            assert lines[name].bytes == digests.sha256(data), f"{name}: another line"
            if name in pinned:
                assert pinned[name].md5 == md5, f"{name}: pinned as something else"
            if name not in retired:
                assert name in pinned, f"{name}: pinned no more"
                assert object_in(self.remote, md5).read_bytes() == data, f"{name}: lost"

    def check_clone(self) -> None:
        """A fresh clone of main serves what was published, from the remote."""
        clone = self.root.with_name("clone")
        self.git("clone", "--quiet", "--branch", "main", ".", os.fspath(clone))
        for name, data in self.released.items():
            if name not in self.retired():
                found = registry.load(name, clone)
                assert found.sidecar.sha256_checksum == digests.sha256(data), f"{name}: other bytes"
        shutil.rmtree(clone)

    def _note(self) -> None:
        """What main has published by now."""
        pinned = pins.read(self.root)
        # what was retired on its branch already was never there to be used
        for name in ledger.read(self.root).keys() & pinned.keys() - self.released.keys():
            self.released[name] = object_in(self.remote, pinned[name].md5).read_bytes()

    def _give_up(self) -> bool:
        self.git("reset", "--quiet", "--hard", "HEAD")
        self.restore()
        return False

    def _files(self, revision: str) -> dict[str, bytes]:
        return {
            file: git(self.root, "show", f"{revision}:{file}").encode() + b"\n"
            for file in (*_MERGES, ledger.FILE)
        }

    def _pin(self, name: str) -> None:
        path = self.root / pins.LOCK
        lock = yaml.safe_load(path.read_bytes())
        entry = lock["stages"][f"fixture@{MODEL}"]
        outs = []
        for suffix in (".json", ".npz"):
            file = f"{FOLDER}/{name}{suffix}"
            data = (self.root / file).read_bytes()
            out = {"path": file, "hash": "md5", "md5": digests.md5(data), "size": len(data)}
            outs.append(out)
        command = entry["cmd"].replace(MODEL, name)
        lock["stages"][f"fixture@{name}"] = {**entry, "cmd": command, "outs": outs}
        path.write_bytes(scratch.as_yaml(lock))

    def _store(self, file: str) -> None:
        """Put a file into DVC's cache."""
        data = (self.root / file).read_bytes()
        stored = object_in(self.root / ".dvc" / "cache", digests.md5(data))
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_bytes(data)

    def _text(self) -> str:
        return (self.root / "params.yaml").read_text()

    def _document(self) -> dict:
        return yaml.safe_load(self._text())

    def _write(self, text: str) -> None:
        (self.root / "params.yaml").write_text(text)

    def _halves(self) -> tuple[str, str]:
        """The declaration up to the end of ``fixtures``, its last section of those not a notice."""
        text = self._text()
        starts = [text.find(f"\n{section}:\n") + 1 for section in ("deprecated", "retired")]
        end = min((start for start in starts if start), default=len(text))
        return text[:end], text[end:]
