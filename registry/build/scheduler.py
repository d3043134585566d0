"""A scheduler of Dask's: found, reached within a bounded time, held to our version."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import files
from registry.errors import CheckError, MissingError

if TYPE_CHECKING:
    from distributed import Client

_CONNECT_S = 10
# What these report of a connection that is lost is an error of ours.
_REPORTED = ("distributed.client", "distributed.batched", "distributed.core")
_PAGE = "docs/cluster.md has the commands"


def connect(address: str) -> Client:
    """A client of a scheduler. Its settings, such as those of TLS, are Dask's own.

    Parameters
    ----------
    address : str
        As ``tcp://HOST:PORT``, or the path of a file that the scheduler wrote.

    Raises
    ------
    MissingError
        There is none, or it does not answer.
    CheckError
        It or a worker has another version of ``distributed``.
    """
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    for name in _REPORTED:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    found = _resolved(address)
    try:
        with warnings.catch_warnings():
            # plain data goes to and fro, and what has to be the same is held to be
            warnings.simplefilter("ignore", VersionMismatchWarning)
            client = Client(found, timeout=_CONNECT_S, set_as_default=False, name="fixtures")
    except (OSError, ValueError, ImportError) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise MissingError(
            f"scheduler {address}",
            expected=f"a scheduler of Dask's that answers within {_CONNECT_S} s",
            found=said,
            remedy=f"start it, or correct the address; {_PAGE}",
        ) from None
    try:
        _hold_to_versions(address, client.get_versions())
    except BaseException:
        client.close()
        raise
    return client


def _resolved(address: str) -> str:
    """The address itself, be it in a scheduler's file."""
    if "://" in address:
        return address
    try:
        return str(json.loads(files.read(Path(address)))["address"])
    except FileNotFoundError:
        found = "no such file"
    except OSError as error:
        found = error.strerror or str(error)
    except (ValueError, KeyError, TypeError):
        found = "a file of something else"
    raise MissingError(
        f"scheduler {address}",
        expected="an address, such as tcp://HOST:8786, or the file that dask scheduler "
        "--scheduler-file writes",
        found=found,
        remedy=f"start a scheduler, or correct the address; {_PAGE}",
    )


def _hold_to_versions(address: str, known: dict[str, Any]) -> None:
    others = {"the scheduler": known["scheduler"]}
    others |= {f"worker {name}": found for name, found in known["workers"].items()}
    own = known["client"]["packages"]["distributed"]
    for where, found in others.items():
        version = found["packages"]["distributed"]
        if version != own:
            raise CheckError(
                f"scheduler {address}",
                expected=f"distributed {own} everywhere, as the client has it",
                found=f"distributed {version} at {where}",
                remedy="install one version in all places, such as that of constraints.txt",
            )
