"""One object that is to be fetched, and why it could not be had, in words."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from registry import files
from registry.digests import md5
from registry.errors import (
    AbsentBytesError,
    ChainError,
    LockedError,
    MissingError,
    RegistryError,
)
from registry.storage.store import KEEPERS, Store

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One object: its md5 (DVC's address), its size, and what ``dvc pull`` would fetch it by.

    Objects of an ``imported`` fixture are with the registry that it comes from.
    """

    md5: str
    size: int
    target: tuple[str, ...]
    imported: bool = False

    def __str__(self) -> str:
        return f"object {self.md5} of {' '.join(self.target)}"


class Ours(Exception):
    """Why a transfer is ended from here: it takes too long, or is no longer wanted."""


class TooMuch(Ours):
    """The server sends more than the object's size."""


def is_final(error: Exception) -> bool:
    """Whether another attempt would end in the same way."""
    if isinstance(error, (FileNotFoundError, PermissionError, Ours)):
        return True
    if isinstance(error, OSError) and error.errno in _DISK:
        return True
    return is_denied(error) or 400 <= getattr(error, "status", 0) < 500


def is_denied(error: Exception) -> bool:
    """Whether other credentials would mend it."""
    # the libraries of the remotes have no common class for it
    return (
        isinstance(error, PermissionError)
        or getattr(error, "status", 0) in (401, 403, 407)
        or any(word in type(error).__name__ for word in ("Credential", "Auth", "PermissionDenied"))
    )


def explain(store: Store, wanted: Wanted, error: Exception, said: str) -> RegistryError:
    """The error for a transfer that failed; ``said`` is what can be shown of its own."""
    if isinstance(error, TooMuch):
        return wrong(store, wanted, str(error))
    fetching = f"its bytes from {store}"
    if isinstance(error, FileNotFoundError):
        found = f"no such object on {store}"
        remedy = f"dvc push {' '.join(wanted.target)}, in a clone that has it"
        if store.folder is not None and not store.folder.is_dir():
            found = f"{store} is a folder that does not exist here"
            remedy = (
                "mount or copy that folder here; or name another remote: dvc remote modify "
                f"--local {store.name} url …; who keeps the registry makes it with dvc push"
            )
            if store.foreign:
                return MissingError(str(wanted), expected=fetching, found=found, remedy=KEEPERS)
        if store.foreign:
            # there an import's object has another target than here
            named = "" if wanted.imported else f" {' '.join(wanted.target)}"
            remedy = f"tell those who keep the registry: dvc push{named}"
        return AbsentBytesError(
            str(wanted), expected=fetching, found=found, remedy=remedy, needs_clone=True
        )
    if isinstance(error, OSError) and error.errno in _DISK:
        return AbsentBytesError(
            str(wanted),
            expected=f"room for its {wanted.size} bytes",
            found=f"{error.strerror} below .dvc",
            remedy="free some space, then try again; nothing half-written is left",
        )
    if is_denied(error):
        return AbsentBytesError(
            str(wanted),
            expected=fetching,
            found=f"{store} denied access: {said}",
            remedy=f"give DVC other credentials: {credentials(store)}, or in the environment",
        )
    if "certificate verify failed" in said:
        return AbsentBytesError(
            str(wanted),
            expected=fetching,
            found=f"{store} is not believed to be itself: {said}",
            remedy="if you trust who signed its certificate, name the file with theirs: "
            f"SSL_CERT_FILE in the environment, or as ssl_verify: {credentials(store)}",
        )
    return AbsentBytesError(
        str(wanted),
        expected=fetching,
        found=f"{store} cannot be reached: {said}",
        remedy="see that the remote can be reached, then try again"
        + ("" if store.foreign else f": dvc pull {' '.join(wanted.target)}"),
    )


def credentials(store: Store) -> str:
    """Commands that give them, in the user's own configuration where the registry is not theirs."""
    if store.foreign:
        return f"dvc remote add --global mine {store.url}, and dvc remote modify --global mine …"
    return f"dvc remote modify --local {store.name} …"


def told(data: files.Buffer) -> str:
    """What bytes are that nobody wants."""
    return f"{len(data)} bytes with md5 {md5(data)}"


def wrong(store: Store | str, wanted: Wanted, found: str) -> ChainError:
    """The error for bytes that are not those of the object."""
    remedy = (
        f"remove the object there, then dvc push {' '.join(wanted.target)} in a clone that "
        "has the right bytes (DVC does not replace what is there)"
    )
    if isinstance(store, Store) and store.foreign:
        remedy = "tell those who keep the registry: the object there is another one"
    return ChainError(
        str(wanted),
        expected=f"{wanted.size} bytes with that md5 from {store}",
        found=found,
        remedy=remedy,
    )


def unlike(wanted: Wanted) -> MissingError:
    """The error for a DVC whose internals are not as `registry.storage.store` knows them."""
    from dvc import __version__

    return MissingError(
        str(wanted),
        expected="a version of DVC that this one of the fixture registry knows",
        found=f"dvc {__version__}",
        remedy="install the two together: pip install --upgrade fixture-registry dvc",
    )


def busy(wanted: Wanted, limit_s: float) -> LockedError:
    """The error for an object that another process has been at for too long."""
    return LockedError(
        str(wanted),
        expected=f"another process to be done with it within {limit_s:.0f} s",
        found="it still holds the lock",
        remedy="wait for that process, or end it, then try again",
    )
