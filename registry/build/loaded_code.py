"""Whether a process of long life may build: it has the code that was asked for, and runs that.

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
            name, process, "code, in its working directory", f"{error.subject}: {error.found}"
        ) from None
    here, there = _by_name(found), _by_name(wanted)
    for file in sorted({*here, *there}):
        if here.get(file) != there.get(file):
            raise _refused(name, process, f"{file} {_shown(there, file)}", _shown(here, file))
    for file in here:
        path = _path(file)
        now = digests.blob(path)
        # what was not noted was not imported, either, and will be as it is
        if _NOTED.setdefault(path, now) != now:
            raise CheckError(
                f"worker {process}",
                expected=f"the code of generator {name} as it was when the worker imported it",
                found=f"a change of {file} since",
                remedy="restart the worker",
            )


def _refused(name: str, process: str, expected: str, found: str) -> CheckError:
    return CheckError(
        f"worker {process}",
        expected=f"generator {name} as the client has it: {expected}",
        found=found,
        remedy="start it in a clone that is at the client's commit (git pull), with the package "
        "installed from there",
    )


def _by_name(text: str) -> dict[str, str]:
    """Digests of files, from the lines of `registry.build.closure.lines`."""
    lines = (line.partition("  ") for line in text.splitlines())
    return {name: digest for digest, _, name in lines}


def _shown(digests: dict[str, str], file: str) -> str:
    return digests.get(file, "not among what it imports")


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
