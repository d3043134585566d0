"""``fixtures gc``: collect what was pinned once and nobody wants any more."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any

from registry import console
from registry.cli import json_output
from registry.cli.table import columns
from registry.storage.root import find_root

if TYPE_CHECKING:
    from registry.compare.copies import Copy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Show what this repository's history pinned once and nobody wants any more, and remove it "
        "where asked to. What the history never pinned is not looked at, so that a cache or a "
        "remote may be shared. See docs/life-of-a-version.md."
    )
    parser.add_argument(
        "--workspace", action="store_true", help="copies that were left where they were pinned"
    )
    parser.add_argument("--cache", action="store_true", help="objects in DVC's cache")
    parser.add_argument(
        "--remote",
        metavar="NAME",
        nargs="?",
        const="",
        help="objects on the default remote, or on another one",
    )
    parser.add_argument(
        "--keep",
        metavar="REV",
        action="append",
        default=[],
        help="a branch, tag or commit whose pins are kept, besides those of the work tree and of "
        "HEAD; may be repeated. Default: every branch, also of remotes, every tag, every stash",
    )
    parser.add_argument(
        "--delete", action="store_true", help="remove what is found; else it is only shown"
    )
    json_output.add(parser)


def run(arguments: argparse.Namespace) -> int:
    from registry.compare import collecting, copies
    from registry.storage import removal

    if not (arguments.workspace or arguments.cache or arguments.remote is not None):
        arguments.refuse("name where to collect: --workspace, --cache, --remote")
    root = find_root()
    collected = collecting.find(root, arguments.keep, arguments.remote or "")
    places = [removal.in_cache(root)] if arguments.cache else []
    if arguments.remote is not None:
        places.append(removal.on_remote(root, arguments.remote, writable=True))
    # all is found before anything is removed
    found = copies.find(root, collected.unwanted, places, in_workspace=arguments.workspace)
    if arguments.json:
        if arguments.delete:
            copies.remove(root, found, places)
        json_output.say(
            {
                "root": str(root),
                "copies": [_facts(copy) for copy in found],
                "bytes": sum(copy.size for copy in found),
                "unknown_folders": list(collected.lost),
                "removed": bool(found) and arguments.delete,
            }
        )
        return 0
    rows = [("where", "what", "bytes", "object", "why nobody keeps it")]
    rows += [
        (copy.place, copy.path or copy.of.what, f"{copy.size:,}", copy.of.md5[:12], copy.of.why)
        for copy in found
    ]
    console.say(*(columns(rows) if found else ["nothing to collect"]))
    named = ", ".join(arguments.keep) or "any branch, tag or stash"
    console.say(
        f"kept: what the work tree, HEAD or {named} pins; published versions that are not retired; "
        "what this history never pinned"
    )
    if collected.lost:
        console.say(
            f"kept: files of folders, since {', '.join(collected.lost)} may have them, which is "
            "pinned and whose list of files is neither in the cache nor on the remote"
        )
    total = f"{len(found)} {'copy' if len(found) == 1 else 'copies'}, "
    total += f"{sum(copy.size for copy in found):,} bytes"
    if found and arguments.delete:
        copies.remove(root, found, places)
        console.say(f"removed: {total}")
    elif found:
        console.say(f"nothing was removed; to remove {total}: {_command(arguments)}")
    return 0


def _facts(copy: Copy) -> dict[str, Any]:
    return {
        "where": copy.place,
        "what": copy.of.what,
        "path": copy.path or None,
        "size": copy.size,
        "md5": copy.of.md5,
        "why": copy.of.why,
    }


def _command(arguments: argparse.Namespace) -> str:
    """The same command, which removes."""
    words = ["fixtures", "gc"]
    words += [f"--{place}" for place in ("workspace", "cache") if getattr(arguments, place)]
    if arguments.remote is not None:
        words += ["--remote", arguments.remote] if arguments.remote else ["--remote"]
    for revision in arguments.keep:
        words += ["--keep", revision]
    return shlex.join([*words, "--delete"])
