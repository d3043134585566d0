"""Whether a process of long life may work: it has the code that was asked for, and runs that.

A worker of a cluster imports modules once, and its clone may change under it. So it is noted what
each file was before it was imported.
"""

from __future__ import annotations

from importlib import util
from pathlib import Path

from registry import digests, field
from registry.build import closure, code
from registry.declare import generator_keys
from registry.errors import CheckError, RegistryError

_PACKAGE = Path(closure.__file__).resolve().parents[1]
_OF_THE_CLONE = (closure.GENERATORS, field.FOLDER, "schemas")


def hold(name: str, wanted: str, *, process: str) -> None:
    """Refuse to build with other code than a client's.

    The working directory is the top folder of the process's own clone.

    Parameters
    ----------
    name : str
        The generator.
    wanted : str
        What `registry.build.code.text` says of it in the client's clone.
    process : str
        This one, for the message.

    Raises
    ------
    CheckError
        The clone has other code, or had it when this process imported it.
    """
    try:
        found = code.text(Path(), generator_keys.read(Path(), name))
    except RegistryError as error:
        raise _refused(
            f"generator {name}",
            process,
            "code, in its working directory",
            f"{error.subject}: {error.found}",
        ) from None
    hold_text(f"generator {name}", found, wanted, process=process)


def hold_text(what: str, found: str, wanted: str, *, process: str) -> None:
    """Refuse to work with other code than a client's.

    Parameters
    ----------
    what : str
        Whose code, for the message.
    found, wanted : str
        Here and at the client: lines of `registry.build.closure.lines`, of files, and of packages
        from outside, with their versions.
    process : str
        As for `hold`.

    Raises
    ------
    CheckError
        They differ, or did when this process imported what there is.
    """
    here, there = _by_name(found), _by_name(wanted)
    for name in sorted({*here, *there}):
        if here.get(name) != there.get(name):
            error = _refused(what, process, f"{name} {_shown(there, name)}", _shown(here, name))
            if "/" in name:
                raise error
            raise error.but(remedy=f"pip install {name}=={there.get(name)} there, and restart it")
    for name, said in here.items():
        path = _path(name)
        now = digests.blob(path) if path.is_file() else said
        # what was not noted was not imported, either, and will be as it is
        if _NOTED.setdefault(path, now) != now:
            raise CheckError(
                f"worker {process}",
                expected=f"the code of {what} as it was when the worker imported it",
                found=f"a change of {name} since",
                remedy="restart the worker",
            )


def _refused(what: str, process: str, expected: str, found: str) -> CheckError:
    return CheckError(
        f"worker {process}",
        expected=f"{what} as the client has it: {expected}",
        found=found,
        remedy="start it in a clone that is at the client's commit (git pull), with the package "
        "installed from there",
    )


def _by_name(text: str) -> dict[str, str]:
    """Digests of files, from the lines of `registry.build.closure.lines`."""
    lines = (line.partition("  ") for line in text.splitlines())
    return {name: digest for digest, _, name in lines}


def _shown(digests: dict[str, str], file: str) -> str:
    return digests.get(file, "not there")


def _path(file: str) -> Path:
    """Where a file lies that counts, by its name there."""
    top = file.partition("/")[0]
    if top in _OF_THE_CLONE:
        return Path(file)
    spec = util.find_spec(top)
    (folder,) = (spec and spec.submodule_search_locations) or [top]
    return Path(folder).parent / file


# This package, which is imported together with this very module, and what is found by its name.
_NOTED = {
    path: digests.blob(path)
    for path in (*_PACKAGE.rglob("*.py"), *Path(field.FOLDER).glob("*.py"))
    if path.is_file()
}
