"""Where the bytes of an imported fixture are: at the registry that its ``.dvc`` file names.

That registry is served as any other by URL, see `registry.storage.served`; it may have imported
them itself, and so on, up to a limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from registry import files
from registry.errors import MissingError, RegistryError, UsageError
from registry.identity import pins, plain_yaml
from registry.storage import clone, served
from registry.storage.clone import Location
from registry.storage.import_file import META, SUBFOLDER

# Through how many registries an import is followed: somebody has to have made the fixture.
DEPTH = 4
_SCP = re.compile(r"([\w.-]+@[\w.-]+):(?!/)(.+)")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def keeper(root: Path, md5: str, targets: tuple[str, ...]) -> tuple[Path, Path | None]:
    """The registry that keeps the bytes of an imported file.

    Parameters
    ----------
    root : path
        The registry that imports it.
    md5 : str
        Of the file.
    targets : tuple of str
        Paths of the ``.dvc`` files of its pair, relative to ``root``.

    Returns
    -------
    keeper : path
        Top folder of the registry whose remote has the bytes.
    text : path or None
        The file itself where it is a sidecar, which git keeps.

    Raises
    ------
    RegistryError
        A ``.dvc`` file names no registry, or one that cannot be had, or imports lead too far.
    """
    for _ in range(DEPTH):
        root = served.at(_location(root, md5, targets), offline=False)
        pin = _pin(root, md5)
        if pin is None or not pin.imported:
            is_text = pin is not None and pin.sidecar_md5 == md5
            return root, root / pin.sidecar_path if pin and is_text else None
        targets = pin.targets
    raise MissingError(
        f"import {' '.join(targets)}",
        expected="the registry that made it",
        found=f"more than {DEPTH} registries that import it from one another",
        remedy="import it from the registry that made it",
        needs_clone=True,
    )


def look(root: Path, fixtures: Iterable[pins.Pin]) -> Iterator[str]:
    """See what the registries that fixtures come from declare by now; what could not be seen."""
    found: dict[str, Location] = {}
    serving = served.record(root)
    if serving is not None:
        found[serving.location.identity] = serving.location
    for pin in fixtures:
        if not pin.imported:
            continue
        # one whose registry is not named cannot be had either, and there it is said
        with suppress(RegistryError):
            location = _location(root, pin.md5, pin.targets)
            found[location.identity] = location
    for location in found.values():
        if why := served.look(location):
            yield f"{location}: what it has deprecated is as last seen ({why})"


def newest(root: Path, pin: pins.Pin) -> Path | None:
    """File with what `look` saw last, of the registry that a fixture is imported from."""
    try:
        return clone.folder(_location(root, pin.md5, pin.targets)) / served.NEWEST
    except RegistryError:
        return None


def _pin(root: Path, md5: str) -> pins.Pin | None:
    try:
        known = pins.read(root).values()
    except MissingError:
        # the object may be on its remote all the same, as any output of a stage of its own
        return None
    return next((pin for pin in known if md5 in (pin.md5, pin.sidecar_md5)), None)


def _location(root: Path, md5: str, targets: tuple[str, ...]) -> Location:
    """Repository and commit of the ``.dvc`` file that pins a file."""
    for target in targets:
        try:
            document = plain_yaml.load(files.read(root / target))
            (out,), (source,) = document["outs"], document["deps"]
            if out["md5"] != md5:
                continue
            url, commit = source["repo"]["url"], source["repo"]["rev_lock"]
            subfolder = document.get(META, {}).get(SUBFOLDER, "")
        except (OSError, AttributeError, LookupError, TypeError, ValueError):
            continue
        if isinstance(url, str) and isinstance(commit, str) and _COMMIT.fullmatch(commit):
            return _parsed(root, target, url, f"{commit}{clone.fragment(subfolder)}")
    raise MissingError(
        f"import {' '.join(targets)}",
        expected="a .dvc file as dvc import writes it",
        found="none for this md5 with a repository's url and rev_lock, a commit's whole id",
        remedy="run dvc import again",
        needs_clone=True,
    )


def _parsed(root: Path, target: str, url: str, revision: str) -> Location:
    importing = served.record(root)
    scp = _SCP.fullmatch(url)
    if scp is not None:
        url = f"ssh://{scp[1]}/{scp[2]}"
    elif "://" not in url and (importing is None or url.startswith("/")):
        # in the user's own repository relative to its top, where they ran dvc import
        url = (root / Path(url).expanduser()).absolute().as_uri()
    try:
        location = clone.parse(f"{clone.PREFIX}{url}@{revision}")
        if importing and location.folder and not importing.url.startswith("file:"):
            raise UsageError(
                "registry",
                expected="a registry on the web, as the one that imports it",
                found="a folder of this machine",
                remedy="import it from an address on the web",
                needs_clone=True,
            )
    except UsageError as error:
        raise error.but(subject=f"import {target}") from None
    return location
