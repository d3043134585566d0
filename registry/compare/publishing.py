"""Publishing: versions are written into the ledger, and what was written there stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry import files, loading
from registry.declare import declaration, retirement
from registry.errors import ChainError, CheckError, MissingError, RegistryError, UsageError
from registry.identity import ledger, pins, sidecar
from registry.identity.ledger import Line
from registry.storage import git


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """Commits of the main branch that changed the ledger, and an error for each line taken back.

    ``is_whole`` is false in a shallow clone, and where nobody knows which branch is the main one.
    """

    commits: int
    is_whole: bool
    errors: list[RegistryError]


def publish(root: Path, names: Sequence[str] = ()) -> list[Line]:
    """Add lines to the ledger for versions that it does not have, and return them.

    Parameters
    ----------
    names : sequence of str, optional
        By default all that the lock pins; what was imported is published where it comes from.

    Raises
    ------
    UsageError
        A name is not pinned here, or was imported.
    CheckError
        A version is something else than what it was published with.
    ChainError
        A sidecar is not the pinned one, or the ledger is damaged.
    """
    known = ledger.read(root) or {}
    chosen = [retirement.find_pin(root, name) for name in names]
    for pin in chosen:
        if pin.imported:
            raise UsageError(
                f"fixture {pin.name}",
                expected="a fixture that is made here",
                found="an imported one",
                remedy="publish it in the registry that it comes from",
            )
    added: dict[str, Line] = {}
    for pin in chosen or (pin for pin in pins.read(root).values() if not pin.imported):
        now = ledger.line(loading.read_sidecar(root, pin))
        if pin.name not in known:
            added[pin.name] = now
        elif known[pin.name] != now:
            raise ledger.immutable(known[pin.name], now, known)
    if added:
        files.write_atomic(root / ledger.FILE, ledger.extended(root, added.values()))
    return list(added.values())


def redeclared(root: Path) -> list[CheckError]:
    """Published versions of which ``params.yaml`` now says something else, before it is built.

    Raises
    ------
    ChainError
        A sidecar is not the pinned one, or the ledger is damaged.
    """
    lines, declared = ledger.read(root), declaration.read(root)
    if not lines or declared is None or not (root / pins.LOCK).is_file():
        return []
    return [
        CheckError(
            f"fixture {pin.name}: published and immutable",
            expected="its declaration as it was published",
            found="; ".join(found),
            remedy=f"declare the change as {sidecar.next_free_version(pin.name, lines)}, and take "
            "the entry of this one back",
        )
        for pin in pins.read(root).values()
        if pin.name in lines and pin.name in declared.fixtures
        if (found := declared.differences(loading.read_sidecar(root, pin)))
    ]


def history(root: Path, *, strict: bool = False) -> History | None:
    """Hold the ledger against every line that it ever had on the main branch.

    A branch may change lines that are its own, until they are merged. None where there is no git
    repository, and where there never was a ledger.

    Parameters
    ----------
    strict : bool, optional
        A shallow clone is an error: in one of depth 1 every line seems to be as it always was.

    Raises
    ------
    ChainError
        The ledger is damaged.
    """
    head = git.run(root, "rev-parse", "--verify", "HEAD")
    if head.returncode != 0:
        return None
    said = git.run(root, "rev-parse", "--is-shallow-repository").stdout
    is_whole = said.strip() == b"false"
    errors: list[RegistryError] = [] if is_whole or not strict else [_unseen()]
    try:
        base = git.merge_base(root)
    except UsageError:
        base, is_whole = head.stdout.decode().strip(), False
    # whatever the user's own configuration makes of a log
    plain = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-show-signature")
    patches = ("--first-parent", "-m", "--patch", "--unified=0", "--format=commit %H", *plain)
    log = git.run(root, "log", *patches, base, "--", ledger.FILE)
    seen = dict(_lines(log.stdout.decode(errors="replace")))
    commits = log.stdout.count(b"\ncommit ") + log.stdout.startswith(b"commit ")
    current = ledger.read(root)
    if current is None and not commits and not errors:
        return None
    now = current or {}
    errors += (
        _taken_back(line, now.get(name), commit)
        for name, (line, commit) in seen.items()
        if now.get(name) != line
    )
    return History(commits=commits, is_whole=is_whole, errors=errors)


def _lines(log: str) -> Iterator[tuple[str, tuple[Line, str]]]:
    """Each line that was added, and the commit that did; the newest commit comes first."""
    commit = ""
    for text in log.splitlines():
        if match := re.fullmatch("commit ([0-9a-f]+)", text):
            commit = match[1]
        elif text.startswith("+"):
            try:
                added = ledger.parse(f"{text[1:]}\n".encode())
            except ChainError:
                # the file's name, or whatever somebody once committed
                continue
            yield from ((name, (line, commit)) for name, line in added.items())


def _unseen() -> MissingError:
    return MissingError(
        f"{ledger.FILE}: its history",
        expected="every commit of the main branch that changed it, in which a line that was taken "
        "back is seen",
        found="a shallow clone",
        remedy="git fetch --unshallow; in a workflow, `fetch-depth: 0` for actions/checkout",
    )


def _taken_back(line: Line, now: Line | None, commit: str) -> CheckError:
    return CheckError(
        f"fixture {line.name}: published and immutable",
        expected=f"its line in {ledger.FILE}, as commit {commit[:12]} added it",
        found="none" if now is None else "; ".join(line.changes(now)),
        remedy=f"put the line back: git show {commit[:12]} -- {ledger.FILE}; a version that is no "
        "longer wanted is retired: see docs/life-of-a-version.md",
    )
