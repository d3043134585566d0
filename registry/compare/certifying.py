"""Certifying: machines on which versions came out again are written into their certificates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from registry import field, files, loading
from registry.declare import FILE
from registry.errors import CheckError
from registry.identity import certificate, pins
from registry.identity.certificate import Witness
from registry.storage import git, workspace

# What fixtures are built from, beside the sidecars: a line names the commit that has it.
_BUILT_FROM = (FILE, pins.LOCK, "dvc.yaml", "code", "generators", "schemas", field.FOLDER)


def commit(root: Path) -> str:
    """Id of HEAD, which has everything that fixtures are built from as it is here.

    Raises
    ------
    UsageError
        There is no commit.
    CheckError
        Something that fixtures are built from is not committed.
    """
    found = git.commit_id(root, "HEAD")
    sidecars = [pin.sidecar_path for pin in pins.read(root).values()]
    paths = [*_BUILT_FROM, *sidecars]
    package = Path(__file__).resolve().parents[1]
    if package.is_relative_to(root.resolve()):
        # as in this repository itself
        paths.append(package.relative_to(root.resolve()).as_posix())
    told = ("status", "--porcelain", "--untracked-files=all", "--no-renames")
    literally = [f":(literal){path}" for path in paths]
    expected = "a git repository whose state can be read"
    said = git.output(root, *told, "--", *literally, subject="certificate", expected=expected)
    if changed := [line[3:] for line in said.decode(errors="replace").splitlines()]:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        raise CheckError(
            "certificate",
            expected="what fixtures are built from as it is committed, for a line names a commit",
            found=f"uncommitted changes in {', '.join(changed[:3])}{more}",
            remedy="commit them, or take them back: git checkout",
        )
    return found


def today() -> str:
    """The day, in UTC: a certificate is no pinned byte, so a clock may be read."""
    return datetime.now(UTC).date().isoformat()


def add(root: Path, found: Mapping[str, Sequence[Witness]]) -> dict[str, int]:
    """Add machines to the certificates of fixtures; how many lines each of these has more.

    A machine that is in there stays as it is, with the day and the commit at which it was the first
    time: where nothing is new no file changes. Nothing is written where one cannot be.

    Parameters
    ----------
    found : mapping of str to sequence of Witness
        By the fixture's name.

    Raises
    ------
    UsageError
        A name is not pinned.
    ChainError
        A certificate is damaged, or a line, be it a new one, has another digest than the sidecar or
        breaks the schema.
    MissingError
        There is no schema of certificates.
    """
    texts: dict[Path, bytes] = {}
    more: dict[str, int] = {}
    for name, witnesses in found.items():
        record = loading.read_sidecar(root, pins.find(root, name))
        before = certificate.held(root, record)
        after = list(before)
        for witness in witnesses:
            if all(witness.machine != known.machine for known in after):
                after.append(witness)
        if new := after[len(before) :]:
            text = certificate.encode(after)
            certificate.hold(certificate.parse(text, name), record)
            certificate.satisfy(root, name, new)
            texts[workspace.inside(root, certificate.path(name))] = text
            more[name] = len(new)
    files.write_together(texts)
    return more
