"""A remote, opened: the file system for its address, and where objects are in it.

A folder and files on the web are `registry.storage.plain_remote`'s, for who reads; all else is
DVC's. Of the user's own registry DVC's configuration counts, as a whole; of one by URL what
`registry.storage.foreign_remote` takes of it. DVC's file systems are its internals: where they are
not as this module knows them, `open_stores` finds none.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from registry import extras
from registry.errors import AbsentBytesError, MissingError, RegistryError, UsageError
from registry.storage import dvc_config, patience, plain_remote, served
from registry.storage.dvc_config import Redaction
from registry.storage.foreign_remote import ForeignRemote

# Kinds of remotes for which an extra of this package has what DVC needs.
_EXTRAS = ("s3", "ssh")
# What DVC calls the limits of its file systems: to connect, for silence, and SSH's to connect.
_LIMITS = ("connect_timeout", "read_timeout", "timeout")
# What DVC raises when its internals are used as they are not, or when it lacks a feature.
INTERNALS = (AttributeError, ImportError, KeyError, NotImplementedError, TypeError)
MESSAGE_LENGTH = 300
# What mends a registry by URL whose remote is on no machine but its keepers'.
KEEPERS = (
    "tell those who keep the registry that it needs a remote with an address of its own: "
    "dvc remote add --default NAME URL, then dvc push; or name a clone that has the bytes"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """A remote as it is configured: its file system, and the path of its objects there.

    ``foreign`` tells the remote of somebody else's registry from the user's own.
    """

    name: str
    url: str
    filesystem: Any
    path: str
    foreign: bool

    def __str__(self) -> str:
        return f"remote {self.name} ({self.url})"

    @property
    def folder(self) -> Path | None:
        """The remote's folder, where it is one."""
        return Path(self.path) if self.filesystem.protocol == "local" else None

    @property
    def is_plain(self) -> bool:
        """Whether it is read without DVC."""
        return isinstance(self.filesystem, (plain_remote.Folder, plain_remote.Web))

    def object_path(self, digest: str) -> str:
        """Where an object is, in the words of the file system."""
        joined: str = self.filesystem.join(self.path, "files", "md5", digest[:2], digest[2:])
        return joined


def open_stores(root: Path, redact: Redaction) -> list[Store | RegistryError | None]:
    """The remotes of a registry, or why there is none: the default one, then others by URL.

    Never empty. None where only DVC's own command can read it. Errors are returned: raised, they
    would carry frames full of secrets.
    """
    try:
        foreign = served.record(root)
    except RegistryError as error:
        return [error]
    if foreign is None:
        return [_opened(partial(_open_default, root, redact), redact, foreign=False)]
    if not foreign.remotes:
        return [_refused(foreign)]
    return [
        _opened(partial(_open_foreign, remote, redact), redact, foreign=True)
        for remote in foreign.remotes
    ]


def open_own(root: Path, redact: Redaction, name: str = "") -> Store | RegistryError | None:
    """The remote of that name in the user's own registry, or the default one, opened by DVC.

    As `open_stores`; for who writes, too.
    """
    return _opened(lambda: _open_own(root, redact, name), redact, foreign=False)


def _opened(
    open_it: Callable[[], Store | RegistryError | None], redact: Redaction, *, foreign: bool
) -> Store | RegistryError | None:
    try:
        return open_it()
    except RegistryError as error:
        return error.with_traceback(None)
    except Exception as error:
        missing = _missing_package(error)
        if missing is not None:
            return missing
        if not foreign and isinstance(error, INTERNALS):
            return None
        # DVC's own: a configuration that is broken, or names a remote that it does not have
        found = one_line(redact(str(error)))[:MESSAGE_LENGTH]
        return MissingError(
            "remote",
            expected="a default remote that DVC can open",
            found=found or type(error).__name__,
            remedy="dvc remote list shows the remotes, dvc remote modify changes one",
            needs_clone=True,
        )


def one_line(text: str) -> str:
    """A text whose white space is single spaces."""
    return " ".join(text.split())


def _open_default(root: Path, redact: Redaction) -> Store | RegistryError | None:
    """The default remote of the user's own registry, by DVC where that has to read it."""
    _require_files(root)
    settings = dvc_config.read_wholly(root)
    if settings is None:
        return _open_own(root, redact, "")
    named = [item.value for item in settings if (item.section, item.key) == ("core", "remote")]
    if not named or not named[-1]:
        return _no_default()
    name = named[-1].lower()
    own = [item for item in settings if item.section.lower() == f'remote "{name}"']
    addresses = [item for item in own if item.key == "url"]
    if not addresses:
        return MissingError(
            "remote",
            expected="an address of the default remote in DVC's configuration",
            found=f"remote {name!r} doesn't exist",
            remedy="dvc remote list shows the remotes, dvc remote modify changes one",
            needs_clone=True,
        )
    given = {item.key: item.value for item in own}
    opened = plain_remote.open_plain(given, addresses[-1].file.parent)
    if opened is None:
        _require_dvc(given["url"])
        return _open_own(root, redact, "")
    filesystem, path = opened
    url = path if filesystem.protocol == "local" else redact(given["url"])
    return Store(name=name, url=url, filesystem=filesystem, path=path, foreign=False)


def _require_files(root: Path) -> None:
    odd = dvc_config.not_a_file(root)
    if odd is not None:
        # DVC would wait for a pipe without end
        raise MissingError(
            "remote",
            expected="DVC's configuration in regular files",
            found=f"{odd}, which is none",
            remedy="remove it; dvc remote list then shows the remotes that are configured",
        )


def _no_default() -> AbsentBytesError:
    return AbsentBytesError(
        "remote",
        expected="a default remote in DVC's configuration",
        found="none",
        remedy="dvc remote add --default NAME URL",
    )


def _require_dvc(url: str = "") -> None:
    """See that DVC is there, which a remote with that address takes."""
    if find_spec("dvc") is not None:
        return
    kind = dvc_config.scheme(url)
    if kind in ("", "http", "https", "remote"):
        raise extras.missing("build", "remote", expected="DVC, which opens it as it is configured")
    raise _missing_extra(kind)


def _open_own(root: Path, redact: Redaction, name: str) -> Store | RegistryError | None:
    _require_files(root)
    _require_dvc()
    from dvc.config import Config

    config = Config(dvc_dir=os.fspath(dvc_config.folder(root)))
    if name and name not in config["remote"]:
        return UsageError(
            f"remote {name}",
            expected="one of DVC's configuration",
            found=f"no such name among {', '.join(config['remote']) or 'none'}",
            remedy="dvc remote list shows them",
        )
    name = name or config["core"].get("remote")
    if not name:
        return _no_default()
    return _open(config, name, redact, foreign=False)


def _refused(found: served.Served) -> MissingError:
    return MissingError(
        f"registry {found.address}: remote",
        expected="the address of a remote that can be asked, in .dvc/config at that revision",
        found=found.refused,
        remedy=KEEPERS,
    )


def _open_foreign(remote: ForeignRemote, redact: Redaction) -> Store | None:
    name, settings = remote.name, remote.settings()
    opened = plain_remote.open_plain(settings, None)
    if opened is None:
        _require_dvc(remote.url)
        return _open({"remote": {name: settings}}, name, redact, foreign=True)
    filesystem, path = opened
    return Store(name=name, url=redact(remote.url), filesystem=filesystem, path=path, foreign=True)


def _open(config: Any, name: str, redact: Redaction, *, foreign: bool) -> Store | None:
    from dvc.fs import get_cloud_fs

    kind, settings, path = get_cloud_fs(config, name=name)
    if settings.get("worktree") or settings.get("version_aware"):
        return None
    path, settings = _without_password(path, settings)
    filesystem = kind(**dict.fromkeys(_LIMITS, patience.PATIENCE_S) | settings)
    # of attempts that HTTP makes by itself: ours are enough
    filesystem.SESSION_RETRIES = 1
    if filesystem.protocol in ("http", "https"):
        keep = _credentials_stay_at(path, settings.get("custom_auth_header"))
        filesystem.fs_args.setdefault("client_kwargs", {})["middlewares"] = (keep,)
    url = redact(str(config["remote"][name]["url"]))
    return Store(name=name, url=url, filesystem=filesystem, path=path, foreign=foreign)


def _without_password(path: str, settings: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A web address without user and password, which become settings: libraries log the address."""
    parts = urlsplit(path)
    account, at, host = parts.netloc.rpartition("@")
    if not at or parts.scheme not in ("http", "https") or settings.get("auth"):
        return path, settings
    user, _, password = account.partition(":")
    basic = {"auth": "basic", "user": unquote(user), "password": unquote(password)}
    return urlunsplit(parts._replace(netloc=host)), settings | basic


def _credentials_stay_at(url: str, custom_header: str | None) -> Callable[..., Awaitable[Any]]:
    """What takes credentials off a request to another host than the remote's own.

    A session's credentials go with each of its requests, and so with those that an answer of the
    remote leads to elsewhere.
    """
    from aiohttp import hdrs
    from yarl import URL

    origin = URL(url).origin()

    async def middleware(request: Any, handler: Any) -> Any:
        if request.url.origin() != origin:
            for header in filter(None, (hdrs.AUTHORIZATION, custom_header)):
                request.headers.popall(header, None)
        return await handler(request)

    return middleware


def _missing_package(error: Exception) -> MissingError | None:
    """Error for a kind of remote whose package is not installed."""
    cause = error.__cause__
    if isinstance(error, ImportError) and isinstance(cause, ModuleNotFoundError):
        package, _, scheme = (cause.name or "").partition("_")
        if package != "dvc":
            return None
    elif getattr(error, "missing_deps", None):
        scheme = str(getattr(error, "protocol", ""))
    else:
        return None
    return _missing_extra(scheme)


def _missing_extra(scheme: str) -> MissingError:
    package = "fixture-registry" if scheme in _EXTRAS else "dvc"
    expected = f"what DVC needs for a remote of the kind {scheme}"
    return extras.missing(scheme, "remote", expected=expected, package=package)
