"""A registry named by git URL and revision: ``git+https://host/registry.git@v1.2``.

Each registry is mirrored once into a per-user cache that only its owner can read; each commit that
is used gets a checkout there, and all of them share one cache of objects. What was used once is
served offline afterwards.
"""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import shutil
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from registry import environment
from registry.errors import MissingError, UsageError
from registry.storage import dvc_config, git
from registry.storage.dvc_config import redact_urls

PREFIX = "git+"
_SCHEMES = ("https", "http", "ssh", "git", "file")
# An @ before the path belongs to user@host. A revision with a dash first would pass for an option.
_SPEC = re.compile(rf"git\+((?:{'|'.join(_SCHEMES)})://[^/]*/.*)@([^@\s-][^@\s]*)")
_COMMIT = re.compile(r"[0-9a-f]{40}")


class StaleRegistryWarning(UserWarning):
    """A registry could not be reached, and the revision as last seen is used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """Where a registry's repository is, and which revision of it is meant."""

    # left out of the representation: it may hold a password
    url: str = field(repr=False)
    revision: str

    def __str__(self) -> str:
        return f"{PREFIX}{redact_urls(self.url)}@{self.revision}"


def parse(spec: str) -> Location:
    """Parse ``git+URL@REVISION``.

    >>> parse("git+https://example.org/registry.git@v1").revision
    'v1'

    Raises
    ------
    UsageError
        It is not of that form.
    """
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise UsageError(
            "registry",
            expected=f"git+URL@REVISION, the URL's scheme one of {', '.join(_SCHEMES)}",
            found=redact_urls(spec),
            remedy="name a tag, branch or commit, such as git+https://host/registry.git@v1",
        )
    return Location(url=match[1], revision=match[2])


def checkout(spec: str, *, offline: bool | None = None) -> Path:
    """Folder with the registry at that revision, ready to load from.

    A revision is looked up once per process, so that all of a test run sees the same commit.

    Parameters
    ----------
    spec : str
        ``git+URL@REVISION``; the revision a branch, a tag or a commit.
    offline : bool, optional
        Never ask the repository. Default: whether ``$FIXTURES_OFFLINE`` is set.

    Raises
    ------
    UsageError
        The address is malformed, or the revision does not exist.
    MissingError
        The registry cannot be reached and was never used before, or the cache cannot be written.

    Warns
    -----
    StaleRegistryWarning
        The registry cannot be reached; the revision is the one that was seen last.
    """
    location = parse(spec)
    try:
        base = _base(location)
        key = (base, location.revision)
        if key not in _resolved:
            _resolved[key] = _checkout(location, base, environment.is_offline(offline))
        return _resolved[key]
    except OSError as error:
        raise MissingError(
            f"registry {location}: cache",
            expected="a folder that can be written, for what is fetched",
            found=f"{error.strerror}: {error.filename}",
            remedy=f"set {environment.CACHE} to such a folder",
        ) from None


_resolved: dict[tuple[Path, str], Path] = {}


def _checkout(location: Location, base: Path, offline: bool) -> Path:
    path = base / "checkouts" / location.revision
    if _COMMIT.fullmatch(location.revision) and path.is_dir():
        # a commit never changes: neither the network nor a lock is needed
        return path
    from filelock import FileLock

    with FileLock(base / "lock"):
        mirror = _mirror(location, base, offline)
        commit = _commit(location, mirror, offline)
        path = base / "checkouts" / commit
        if not path.is_dir():
            _make_checkout(location, base, mirror, commit)
        return path


def _base(location: Location) -> Path:
    """Folder of one registry, its owner's alone: the registry may be private."""
    named = environment.value(environment.CACHE)
    if not named:
        import platformdirs

        named = platformdirs.user_cache_dir("fixture-registry", appauthor=False)
    top = Path(named).expanduser().absolute()
    base = top / "git" / hashlib.sha256(location.url.encode()).hexdigest()[:16]
    for folder in (top, top / "git", base):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = base.stat()
    if status.st_uid != os.getuid():
        # whoever made it decides what the pins in it say
        raise MissingError(
            f"registry {location}: cache",
            expected=f"a folder of yours (user {os.getuid()})",
            found=f"{base}, which belongs to user {status.st_uid}",
            remedy=f"remove it, or set {environment.CACHE} to another folder",
        )
    if status.st_mode & 0o077:
        base.chmod(0o700)
    return base


def _mirror(location: Location, base: Path, offline: bool) -> Path:
    """The bare mirror, brought up to date where that is possible and needed."""
    mirror = base / "mirror.git"
    if not mirror.is_dir():
        if offline:
            raise _unreachable(location, "it was never used before, and offline is on")
        made = _empty(base / "new")
        result = git.run(base, "clone", "--quiet", "--mirror", "--", location.url, str(made))
        if result.returncode != 0:
            raise _unreachable(location, git.message(result))
        made.rename(mirror)
    elif not offline and not (
        _COMMIT.fullmatch(location.revision) and _exists(mirror, location.revision)
    ):
        result = git.run(mirror, "fetch", "--quiet", "--prune", "origin")
        if result.returncode != 0:
            if not _exists(mirror, location.revision):
                raise _unreachable(location, git.message(result))
            warnings.warn(
                f"registry {location}: not reachable ({git.message(result)}); using the revision "
                "as last seen",
                StaleRegistryWarning,
                # whoever called registry.load, which comes here by way of root.locate
                stacklevel=6,
            )
    return mirror


def _empty(path: Path) -> Path:
    """A path for what is made aside and then moved, so that nothing interrupted passes for whole.

    What an interrupted process left there goes; the lock keeps others from it.
    """
    if path.exists():
        shutil.rmtree(path)
    return path


def _exists(mirror: Path, revision: str) -> bool:
    return _commit_id(mirror, revision) is not None


def _commit_id(mirror: Path, revision: str) -> str | None:
    result = git.run(mirror, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    return result.stdout.decode().strip() if result.returncode == 0 else None


def _commit(location: Location, mirror: Path, offline: bool) -> str:
    commit = _commit_id(mirror, location.revision)
    if commit is not None:
        return commit
    if offline:
        raise _unreachable(location, f"{location.revision} was never seen, and offline is on")
    raise UsageError(
        f"registry {location}",
        expected="a tag, branch or commit of that repository",
        found=f"no {location.revision}",
        remedy=f"git ls-remote {redact_urls(location.url)} lists what there is",
    )


def _make_checkout(location: Location, base: Path, mirror: Path, commit: str) -> None:
    made = _empty(base / "new")
    for arguments in (
        ("clone", "--quiet", "--no-checkout", "--shared", "--", str(mirror), str(made)),
        # the bytes that are pinned, whatever line ends the user's own files have
        ("-C", str(made), "-c", "core.autocrlf=false", "checkout", "--quiet", "--detach", commit),
    ):
        result = git.run(base, *arguments)
        if result.returncode != 0:
            raise _unreachable(location, git.message(result))
    _configure(location, base, made)
    path = base / "checkouts" / commit
    path.parent.mkdir(exist_ok=True)
    made.rename(path)


def _configure(location: Location, base: Path, made: Path) -> None:
    """One cache for all checkouts; a remote relative to the origin stays where it was."""
    local = configparser.ConfigParser(interpolation=None)
    local["cache"] = {"dir": str(base / "objects")}
    origin = _local_path(location.url)
    config = made / ".dvc" / "config"
    for item in dvc_config.read(made):
        is_remote = item.section.startswith("remote ") and item.key == "url"
        if item.file != config or not is_remote or origin is None:
            continue
        if "://" not in item.value and not Path(item.value).is_absolute():
            local[f"'{item.section}'"] = {"url": os.path.normpath(origin / ".dvc" / item.value)}
    config.parent.mkdir(exist_ok=True)
    with config.with_name("config.local").open("w", encoding="utf-8") as file:
        local.write(file)


def _local_path(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def _unreachable(location: Location, found: str) -> MissingError:
    return MissingError(
        f"registry {location}",
        expected="a git repository that can be reached",
        found=found,
        remedy=f"git ls-remote {redact_urls(location.url)} shows what git itself says",
    )
