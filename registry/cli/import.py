"""``fixtures import``: a fixture of a registry by URL, pinned as `dvc import` pins it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from registry import console, environment, extras, files, loading
from registry.digests import md5
from registry.errors import MissingError, RegistryError, UsageError
from registry.identity import pins
from registry.identity.pins import Pin
from registry.storage import cache, clone, git, import_file, served, workspace

_FOLDER = "tests/data"
_NEW = (".dvc/config", ".dvc/.gitignore", ".dvcignore")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="NAME[@SHA256]", help="of a fixture that it pins")
    parser.add_argument(
        "--from",
        dest="registry",
        metavar="URL@REVISION",
        required=True,
        help="the registry's git URL, and a tag, branch or commit of it",
    )
    parser.add_argument(
        "--to",
        metavar="FOLDER",
        type=Path,
        help=f"where the files go (default: where they are, else {_FOLDER})",
    )


def run(arguments: argparse.Namespace) -> int:
    top = _top(Path.cwd())
    location = clone.parse(clone.PREFIX + arguments.registry.removeprefix(clone.PREFIX))
    theirs = served.at(location, offline=environment.is_offline())
    pin = loading.resolve(theirs, arguments.address)
    record = served.record(theirs)
    assert record is not None, "what `serve` made says what it is"
    origin = import_file.source(location, record.commit)
    target = _Target.of(top, pin.name, arguments.to)
    target.hold(origin)
    contents = dict(zip(target.paths, loading.read_pair(theirs, pin), strict=True))
    target.hold_files(contents)
    begun = _begin(top)
    for data in contents.values():
        cache.put(top, md5(data), data)
    changed = _write(top, target, pin, origin, contents)
    if not changed:
        console.say(f"unchanged  {pin.name}  ({target.paths[0]}, {location})")
        return 0
    console.say(
        f"imported  {pin.name}  ({target.paths[0]}, {location}, commit {origin.commit[:12]})"
    )
    written = (*begun, *target.dvc_files, target.ignore)
    named = " ".join(quote(os.path.relpath(top / path)) for path in written)
    console.say("", "next:", f"git add {named}", f"git commit --message 'Import {pin.name}'")
    return 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Target:
    """Where the pair goes: paths relative to the repository's top folder."""

    top: Path
    name: str
    paths: tuple[str, str]

    @classmethod
    def of(cls, top: Path, name: str, folder: Path | None) -> _Target:
        """In the folder that is named; else where the fixture is, or is to be by default."""
        known = _known(top, name)
        if folder is not None:
            where = _relative(top, Path.cwd() / folder)
        else:
            where = Path(known.path).parent if known else Path(_FOLDER)
        paths = (str(where / f"{name}.npz"), str(where / f"{name}.json"))
        target = cls(top=top, name=name, paths=paths)
        if known is not None and known.path != paths[0]:
            raise UsageError(
                f"fixture {name}",
                expected=f"no other pin of that name than {paths[0]}.dvc",
                found=f"{' '.join(known.targets)} pins {known.path}",
                remedy="leave out --to, or remove the other pin first",
            )
        if known is not None and not known.imported:
            raise UsageError(
                f"fixture {name}",
                expected="a name that this repository does not pin itself",
                found=f"{pins.LOCK} pins it",
                remedy="a repository imports what it does not build; rename its own entry",
            )
        return target

    @property
    def dvc_files(self) -> tuple[str, str]:
        """The two ``.dvc`` files."""
        data, sidecar = self.paths
        return f"{data}.dvc", f"{sidecar}.dvc"

    @property
    def ignore(self) -> str:
        """The file by which git leaves the bytes out."""
        return str(Path(self.paths[0]).with_name(".gitignore"))

    def hold(self, origin: import_file.Source) -> None:
        """Refuse ``.dvc`` files that are not of an import from the same registry."""
        for path in self.dvc_files:
            there = import_file.read(workspace.inside(self.top, path))
            if there is not None and there[0] != origin.url:
                raise UsageError(
                    path,
                    expected=f"no file, or an import of {self.name} from the same registry",
                    found=f"an import from {there[0]}" if there[0] else "no import",
                    remedy="remove it, or name another folder: --to FOLDER",
                )

    def hold_files(self, contents: dict[str, files.Buffer]) -> None:
        """Refuse files in the way: neither the new bytes, nor those that an import brought."""
        for path, dvc_file in zip(self.paths, self.dvc_files, strict=True):
            there = import_file.read(self.top / dvc_file)
            own = {md5(contents[path]), there[1] if there else ""}
            if not _is_one_of(self.top / path, own):
                raise UsageError(
                    path,
                    expected="no file, or bytes that an import brought",
                    found="something else",
                    remedy="move it away, or name another folder: --to FOLDER",
                )


def _is_one_of(path: Path, digests: set[str]) -> bool:
    """Whether a file has one of these digests, or there is none."""
    try:
        return md5(files.read(path, follow=False)) in digests
    except FileNotFoundError:
        return True
    except OSError:
        # a link, a folder, a pipe
        return False


def _known(top: Path, name: str) -> Pin | None:
    try:
        return pins.read(top).get(name)
    except MissingError:
        return None


def _relative(top: Path, folder: Path) -> Path:
    try:
        return folder.resolve().relative_to(top.resolve())
    except ValueError:
        raise UsageError(
            f"folder {folder}",
            expected=f"one within the repository {top}",
            found="one outside",
            remedy="name another: --to FOLDER",
        ) from None


def _top(start: Path) -> Path:
    """Top folder of the DVC repository that a folder is in, or of git's where there is none yet."""
    result = git.run(start, "rev-parse", "--show-toplevel")
    if result.returncode != 0:
        raise UsageError(
            f"folder {start}",
            expected="a git repository, to keep the pins in",
            found=git.message(result),
            remedy="run the command in one; git init makes one",
        )
    top = Path(result.stdout.decode().rstrip("\n"))
    within = (folder for folder in (start, *start.parents) if folder.is_relative_to(top))
    return next((folder for folder in within if (folder / ".dvc").is_dir()), top)


def _begin(top: Path) -> tuple[str, ...]:
    """Make a repository one of DVC's, where it is none; what is new then."""
    if (top / ".dvc").is_dir():
        return ()
    expected = "DVC, which makes the repository one of its own"
    extras.require("build", f"repository {top}", "dvc", expected=expected)
    done = subprocess.run(
        # no module in the repository is taken for one of DVC's
        [sys.executable, "-P", "-m", "dvc", "init", "--quiet"],
        cwd=top,
        env=git.own_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise RegistryError(
            f"repository {top}",
            expected="dvc init to succeed",
            found=" ".join(done.stderr.split())[:300],
            remedy="run dvc init, and what it says",
        )
    return _NEW


def _write(
    top: Path,
    target: _Target,
    pin: Pin,
    origin: import_file.Source,
    contents: dict[str, files.Buffer],
) -> bool:
    """Put all files in place together, as far as they are others; whether any was."""
    texts: dict[str, files.Buffer] = dict(contents)
    for path, source, dvc_file in zip(
        target.paths, (pin.path, pin.sidecar_path), target.dvc_files, strict=True
    ):
        texts[dvc_file] = import_file.write(origin, source, contents[path])
    texts[target.ignore] = _ignoring(top / target.ignore, target.paths)
    found = {path: workspace.read(top, path) for path in texts}
    new = {path: data for path, data in texts.items() if data != found[path]}
    files.write_together({workspace.inside(top, path): data for path, data in new.items()})
    return bool(new)


def _ignoring(path: Path, paths: tuple[str, ...]) -> bytes:
    """Text of a ``.gitignore`` that leaves files out, as DVC has it."""
    try:
        lines = files.read(path).splitlines()
    except FileNotFoundError:
        lines = []
    wanted = [f"/{Path(each).name}".encode() for each in paths]
    return b"".join(
        b"%b\n" % line for line in [*lines, *(each for each in wanted if each not in lines)]
    )
