"""The repository of a registry by git URL, ``git+https://host/registry.git@v1.2``, as a mirror.

Each repository is mirrored once, without a working tree, into a per-user cache that only its owner
can read. What is taken out of it is told by `registry.storage.served`. A registry in a folder of
its repository is named as pip names such a project: with ``#subdirectory=FOLDER`` at the end.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from registry import read_only
from registry.errors import MissingError, UsageError
from registry.storage import git, user_cache
from registry.storage.dvc_config import redact_urls

PREFIX = "git+"
_SCHEMES = ("https", "http", "ssh", "git", "file")
# An @ before the path belongs to user@host. A revision with a dash first would pass for an option.
_SPEC = re.compile(rf"git\+((?:{'|'.join(_SCHEMES)})://[^/]*/.*)@([^@\s-][^@\s]*)")
_SUBFOLDER = "#subdirectory="
_COMMIT = re.compile(r"[0-9a-f]{40}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """Where a registry's repository is, which revision of it is meant, and which folder in it.

    ``subfolder`` is its path from the repository's top, where it is not that itself.
    """

    # left out of the representation: it may hold a password
    url: str = field(repr=False)
    revision: str
    subfolder: str = ""

    def __str__(self) -> str:
        return f"{PREFIX}{redact_urls(self.url)}@{self.revision}{fragment(self.subfolder)}"

    @property
    def identity(self) -> str:
        """The same for all revisions of a registry, and for no other; it may hold a password."""
        return f"{self.url}{fragment(self.subfolder)}"

    @property
    def is_commit(self) -> bool:
        """Whether the revision is a commit's whole id, and so never another commit."""
        return _COMMIT.fullmatch(self.revision) is not None

    @property
    def folder(self) -> Path | None:
        """The registry's folder, where it is one of this machine's."""
        parts = urlsplit(self.url)
        if parts.scheme != "file":
            return None
        # it brings HTTP and TLS along, and each load imports this module
        from urllib.request import url2pathname

        return Path(url2pathname(parts.path), self.subfolder)


def fragment(subfolder: str) -> str:
    """What stands behind a revision for a folder of the repository; nothing for its top."""
    return f"{_SUBFOLDER}{subfolder}" if subfolder else ""


def parse(spec: str) -> Location:
    """Parse ``git+URL@REVISION``, which may end in ``#subdirectory=FOLDER``.

    >>> parse("git+https://example.org/registry.git@v1").revision
    'v1'

    Raises
    ------
    UsageError
        It is not of that form.
    """
    address, mark, named = spec.partition(_SUBFOLDER)
    match = _SPEC.fullmatch(address)
    if match is None or _CONTROL.search(spec):
        raise UsageError(
            "registry",
            expected=f"git+URL@REVISION, the URL's scheme one of {', '.join(_SCHEMES)}",
            found=redact_urls(spec),
            remedy="name a tag, branch or commit, such as git+https://host/registry.git@v1",
        )
    subfolder = PurePosixPath(named)
    if mark and (subfolder.is_absolute() or not subfolder.parts or ".." in subfolder.parts):
        raise UsageError(
            "registry",
            expected=f"{_SUBFOLDER} and the path of a folder from the repository's top",
            found=redact_urls(spec),
            remedy=f"name the registry's folder, such as {_SUBFOLDER}data",
        )
    return Location(url=match[1], revision=match[2], subfolder="/".join(subfolder.parts))


def folder(location: Location) -> Path:
    """Where `base` is, or would be."""
    name = hashlib.sha256(location.identity.encode()).hexdigest()[:16]
    return user_cache.top() / "git" / name


def base(location: Location) -> Path:
    """Folder in the user's cache for one registry, its owner's alone: the registry may be private.

    Raises
    ------
    UsageError
        ``$FIXTURES_CACHE`` names no folder.
    MissingError
        The folder is another user's.
    """
    return user_cache.private(folder(location), f"registry {location}")


def commit(location: Location, folder: Path, *, offline: bool) -> tuple[str, str]:
    """Id of the commit that is meant, which the mirror in ``folder`` then has.

    The caller holds the folder's lock. With it comes the reason why that is the one that was seen
    last, maybe no longer the newest; none where the repository was asked, or need not be.

    Raises
    ------
    UsageError
        There is no such revision.
    MissingError
        The repository cannot be reached, and the revision was never seen.
    """
    mirror, stale = _mirror(location, folder, offline)
    found = _commit_id(mirror, location.revision)
    if found is not None:
        return found, stale
    if offline:
        raise unreachable(location, f"{location.revision} was never seen, and offline is on")
    raise UsageError(
        f"registry {location}",
        expected="a tag, branch or commit of that repository",
        found=f"no {location.revision}",
        remedy=f"git ls-remote {redact_urls(location.url)} lists what there is",
    )


def mirror_in(folder: Path) -> Path:
    """Where the mirror is in a registry's folder of the cache."""
    return folder / "mirror.git"


def empty(path: Path) -> Path:
    """A path for what is made aside and then moved, so that nothing interrupted passes for whole.

    What an interrupted process left there goes; the lock keeps others from it.
    """
    if path.exists():
        read_only.remove_tree(path)
    return path


def unreachable(location: Location, found: str) -> MissingError:
    """The error for a repository that git cannot read."""
    return MissingError(
        f"registry {location}",
        expected="a git repository that can be reached",
        found=found,
        remedy=f"git ls-remote {redact_urls(location.url)} shows what git itself says",
    )


def _mirror(location: Location, folder: Path, offline: bool) -> tuple[Path, str]:
    """The bare mirror, brought up to date where that is needed, or why it could not be."""
    mirror = mirror_in(folder)
    if not mirror.is_dir():
        if offline:
            raise unreachable(location, "it was never used before, and offline is on")
        made = empty(folder / "new")
        result = _git(folder, "clone", "--quiet", "--mirror", "--", location.url, str(made))
        if result.returncode != 0:
            raise unreachable(location, git.message(result))
        made.rename(mirror)
        return mirror, ""
    _sweep(mirror)
    if not offline and not (location.is_commit and _commit_id(mirror, location.revision)):
        result = _git(mirror, "fetch", "--quiet", "--prune", "origin")
        if result.returncode != 0:
            if _commit_id(mirror, location.revision) is None:
                raise unreachable(location, git.message(result))
            return mirror, git.message(result)
    return mirror, ""


def _sweep(mirror: Path) -> None:
    """Take away what a git that was killed left: by a lock of its own it would keep out the next.

    It is nobody's, for no other process works here as long as the folder's lock is held.
    """
    for path in (*mirror.rglob("*.lock"), *(mirror / "objects").rglob("tmp_*")):
        if path.is_dir():
            read_only.remove_tree(path)
        else:
            read_only.remove(path, missing_ok=True)


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git on what comes from elsewhere: over these protocols alone, none of which is a program.

    The user's own settings may map an address to another one, and so to another protocol. Nothing
    of it goes on in the background: nobody would know of it.
    """
    allowed = [f"protocol.{scheme}.allow=always" for scheme in _SCHEMES]
    options = _options("protocol.allow=never", *allowed, "gc.autoDetach=false")
    return git.run(folder, *options, *arguments)


def _options(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("-c", setting)]


def _commit_id(mirror: Path, revision: str) -> str | None:
    result = git.run(mirror, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    return result.stdout.decode().strip() if result.returncode == 0 else None
