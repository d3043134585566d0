"""A program run as if on Windows or macOS, as far as that can be had on Linux.

``python -m tests.kit.elsewhere win32 -m pytest tests`` runs a module, a text after ``-c`` too. Our
own modules then find what those systems have: ``sys.platform``, and of the standard library no name
that is not theirs. Which those are is computed from the platform branches of typeshed, which mypy
carries. The standard library itself, and packages from outside, are left as they are: theirs are
the real branches of this system.

For our modules Windows' rules on files hold as well: no folder is opened, no file that is open or
mapped is replaced or removed, none that is read-only either, no link is made, and names that
Windows refuses are refused. An audit hook asks each time who is at work.
"""

from __future__ import annotations

import ast
import builtins
import errno
import functools
import os
import re
import runpy
import shutil
import stat
import sys
import sysconfig
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType, ModuleType

OURS = ("registry", "fixture_registry")
_STDLIB = sysconfig.get_path("stdlib")
# What no name of Windows has, and the names of its devices, whatever follows a dot.
_REFUSED = re.compile(r'[<>:"|?*\x00-\x1f\\]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)', re.I)


@functools.cache
def hidden(platform: str) -> Mapping[str, frozenset[str]]:
    """Names of the standard library that Linux has and a platform has not, by module.

    A module that is missing as a whole has an empty name.
    """
    import mypy

    found = {}
    top = Path(mypy.__file__).parent / "typeshed" / "stdlib"
    for path in [*top.glob("*.pyi"), *top.glob("*/__init__.pyi")]:
        name = path.parent.name if path.name == "__init__.pyi" else path.stem
        body = ast.parse(path.read_bytes()).body
        here, there = (set(_names(body, each)) for each in ("linux", platform))
        if here - there:
            public = any(not each.startswith("_") for each in there)
            found[name] = frozenset((here - there) | (set() if public else {""}))
    return found


def _names(body: list[ast.stmt], platform: str) -> Iterator[str]:
    for each in body:
        match each:
            case ast.If():
                holds = _holds(each.test, platform)
                yield from _names(each.body if holds else each.orelse, platform)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield each.name
            case ast.Assign():
                yield from (target.id for target in each.targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.ImportFrom():
                # what a stub imports under its own name again is the module's own
                yield from (alias.name for alias in each.names if alias.name == alias.asname)


def _holds(test: ast.expr, platform: str) -> bool:
    """Whether a condition of a stub holds; all of them are on platform and version."""
    named = type("sys", (), {"platform": platform, "version_info": sys.version_info})
    return bool(eval(compile(ast.Expression(test), "stub", "eval"), {"sys": named}))


class View(ModuleType):
    """A module, less some of its names; what is set on it is set on the module."""

    def __init__(self, module: ModuleType, less: frozenset[str], **other: object) -> None:
        vars(self).update(other, __name__=module.__name__, _module=module, _less=less)

    def __getattr__(self, name: str) -> object:
        if name in self._less:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name)
        return getattr(self._module, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._module, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._module, name)


def pose(platform: str) -> None:
    """Let this process be one of another platform, to our modules."""
    less = hidden(platform)
    views = {"sys": View(sys, less.get("sys", frozenset()), platform=platform)}
    real = builtins.__import__

    def import_(name, globals=None, locals=None, fromlist=(), level=0):
        module = real(name, globals, locals, fromlist, level)
        if level or not globals or globals.get("__name__", "").split(".")[0] not in OURS:
            return module
        if "" in less.get(name, ()):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if module.__name__ in less and module.__name__ not in views:
            views[module.__name__] = View(module, less[module.__name__])
        return views.get(module.__name__, module)

    assert not {*OURS} & {*sys.modules}, "they have what they import already"
    builtins.__import__ = import_
    warnings.simplefilter("ignore", EncodingWarning)
    # where a file is opened in whatever encoding a machine prefers: cp1252 on Windows
    warnings.filterwarnings("error", category=EncodingWarning, module=rf"({'|'.join(OURS)})\b")
    if platform == "win32":
        # by names, as on Windows, and not by descriptors of folders
        shutil._use_fd_functions = False
        sys.addaudithook(_Windows())


class _Windows:
    """Windows' rules on files, for what our modules do; an audit hook."""

    def __init__(self) -> None:
        self._busy = threading.local()

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        rule = getattr(self, "_" + event.replace(".", "_"), None)
        if rule is None or getattr(self._busy, "at", False) or not _is_ours(sys._getframe(1)):
            return
        self._busy.at = True
        try:
            rule(*arguments)
        finally:
            self._busy.at = False

    def _open(self, path: object, mode: object, flags: int) -> None:
        if isinstance(path, int):
            return
        if Path(os.fsdecode(path)).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied", path)
        if flags & os.O_CREAT:
            _hold_to_names(path)

    def _os_mkdir(self, path: str, mode: int, dir_fd: int) -> None:
        _hold_to_names(path)

    def _os_remove(self, path: str, dir_fd: int) -> None:
        _hold_to_state(path)

    def _os_rename(self, source: str, target: str, *_: int) -> None:
        _hold_to_names(target)
        _hold_to_state(source, read_only=True)
        if Path(os.fsdecode(target)).is_dir():
            raise PermissionError(errno.EACCES, "Access is denied", target)
        _hold_to_state(target)

    def _os_symlink(self, source: str, target: str, dir_fd: int) -> None:
        raise OSError(errno.EPERM, "A required privilege is not held by the client", target)


def _is_ours(frame: FrameType | None) -> bool:
    """Whether our module is at work, or the standard library for one."""
    while frame is not None and frame.f_code.co_filename.startswith((_STDLIB + os.sep, "<frozen")):
        if "site-packages" in frame.f_code.co_filename:
            return False
        frame = frame.f_back
    return frame is not None and str(frame.f_globals.get("__name__")).split(".")[0] in OURS


def _hold_to_names(path: object) -> None:
    refused = [
        part for part in Path(os.fsdecode(path)).parts if part != "/" and _REFUSED.search(part)
    ]
    if refused:
        raise OSError(errno.EINVAL, "The filename, directory name, or volume label syntax is "
                      "incorrect", os.fsdecode(path))  # fmt: skip


def _hold_to_state(path: object, *, read_only: bool = False) -> None:
    """Refuse what is open or mapped, it or a file below it, or read-only unless that may be."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    real = os.path.realpath(path)
    if any(each == real or each.startswith(real + os.sep) for each in _open_files()):
        raise PermissionError(errno.EACCES, "Access is denied", os.fsdecode(path))
    if stat.S_ISREG(mode) and not mode & stat.S_IWUSR and not read_only:
        raise PermissionError(errno.EACCES, "Access is denied", os.fsdecode(path))


def _open_files() -> set[str]:
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        # that of the folder itself is closed by now
        with suppress(FileNotFoundError):
            found.add(os.fspath(each.readlink()))
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    return found | {line.split(maxsplit=5)[-1] for line in maps.splitlines()}


def command(platform: str, *arguments: str) -> list[str]:
    """The command that runs a module (``-m NAME …``) or a text (``-c TEXT …``) there.

    Where that is this system it is run as it is.
    """
    if platform == sys.platform:
        return [sys.executable, *arguments]
    python = [sys.executable, "-X", "warn_default_encoding", "-m", __name__]
    return [*python, platform, *arguments]


def main() -> None:
    """Run what is named."""
    platform, how, what, *rest = sys.argv[1:]
    pose(platform)
    sys.argv = [what, *rest]
    if how == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<text>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main()
