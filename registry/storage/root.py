"""Where the registry is.

Light, because the pytest plugin asks at every start.
"""

from __future__ import annotations

from pathlib import Path

from registry import environment
from registry.errors import UsageError


def find_root(start: Path | None = None) -> Path:
    """Top folder of the registry.

    ``$FIXTURES_REGISTRY``, else the nearest folder at or above ``start`` (default: the working
    directory) with a ``.dvc`` folder; else, in a tree without one, the nearest with a ``dvc.lock``
    or a ``dvc.yaml``. A pipeline in a subfolder is not a registry of its own. With ``start``, the
    variable is not looked at.

    Raises
    ------
    UsageError
        There is none.
    """
    named = environment.value(environment.REGISTRY)
    if named and start is None:
        root = Path(named)
        if is_root(root):
            return root.absolute()
        found = f"no dvc.lock in {named}, which ${environment.spelling(environment.REGISTRY)} names"
        if is_url(named):
            from registry.storage.dvc_config import redact_urls

            found = f"{redact_urls(named)}, a registry by URL, which has no clone here"
    else:
        here = (start or Path.cwd()).absolute()
        above = (here, *here.parents)
        for folder in above:
            if (folder / ".dvc").is_dir():
                return folder
        for folder in above:
            if is_root(folder):
                return folder
        found = f"no dvc.lock in {here} or above it"
    raise UsageError(
        "registry",
        expected="a folder with a dvc.lock",
        found=found,
        remedy="run the command inside the registry's clone, or set "
        f"{environment.REGISTRY} to its path",
    )


def locate(named: Path | str | None, *, offline: bool | None = None) -> Path:
    """Top folder of a registry that is named by a path or by ``git+URL@REVISION``.

    Where none is named, `find_root` looks for it.

    Raises
    ------
    UsageError
        There is none.
    MissingError
        It is named by a URL that cannot be reached, and was not used before.
    """
    if named is None:
        named = environment.value(environment.REGISTRY)
        if named is None or not is_url(named):
            return find_root()
    if is_url(named):
        from registry.storage import served

        return served.serve(str(named), offline=offline)
    return Path(named).absolute()


def is_url(named: Path | str) -> bool:
    """Whether a registry is named by a git URL."""
    return str(named).startswith("git+")


def is_root(folder: Path) -> bool:
    """Whether a folder is the top of a registry, or of a repository that imports from one."""
    return (
        (folder / "dvc.lock").is_file()
        or (folder / "dvc.yaml").is_file()
        or (folder / ".dvc").is_dir()
    )
