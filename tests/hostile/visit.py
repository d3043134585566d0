"""Visit registries by URL as a user would, and note all that Python does on the way.

``python -m tests.hostile.visit SPEC …`` prints a JSON document: for each registry what came of it,
and every event of Python's audit hooks that starts a program, opens a connection, runs code or
changes a file. See https://docs.python.org/3/library/audit_events.html.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
             "os.forkpty", "pty.spawn", "os.startfile"}  # fmt: skip
_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.chmod",
            "os.truncate", "os.utime", "os.chown", "shutil.rmtree", "shutil.copyfile"}  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

events: list[list[Any]] = []
noting = False


def note(event: str, arguments: tuple[Any, ...]) -> None:
    """Keep an event that matters."""
    if not noting:
        return
    if event in _PROGRAMS:
        command = arguments[1] if event == "subprocess.Popen" else arguments
        events.append([event, [os.fsdecode(word) for word in command]])
    elif event in ("socket.connect", "socket.sendto", "socket.bind"):
        events.append([event, str(arguments[1])])
    elif event in _CHANGES:
        events.append([event, list(_paths(arguments))])
    elif event == "open" and _is_path(arguments[0]) and arguments[2] & _WRITING:
        events.append([event, [os.fsdecode(arguments[0])]])
    elif event == "exec":
        events.append([event, [arguments[0].co_filename]])
    elif event == "import" and arguments[1]:
        events.append([event, [str(arguments[1])]])
    elif event == "pickle.find_class":
        events.append([event, [str(each) for each in arguments]])


def _paths(arguments: tuple[Any, ...]) -> Iterator[str]:
    """Paths of an event. Its last argument is the open folder that they are relative to, or -1."""
    folder = arguments[-1]
    for each in filter(_is_path, arguments):
        path = Path(os.fsdecode(each))
        if isinstance(folder, int) and folder >= 0 and not path.is_absolute():
            path = Path(f"/proc/self/fd/{folder}").readlink() / path
        yield str(path)


def _is_path(each: object) -> bool:
    return isinstance(each, (str, bytes, os.PathLike))


def visit(spec: str) -> dict[str, Any]:
    """Load a fixture, then run the commands that a registry by URL is for."""
    import registry
    from registry.cli import main
    from registry.storage import remote

    # nobody is waited for who will not come
    remote.PAUSES_S = (0.0, 0.0)
    global noting
    events.clear()
    begun = time.monotonic()
    noting = True
    found: dict[str, Any] = {}
    try:
        fixture = registry.load("small_v1", spec)
        found["sum"] = float(fixture["frames"].sum())
        found["path"] = str(fixture.path)
    except registry.RegistryError as error:
        found["error"], found["parts"] = str(error), error.parts
    except Exception:
        # the other registries are to be visited, too
        found["crash"] = traceback.format_exc()
    os.environ["FIXTURES_REGISTRY"] = spec
    said = []
    for command in (["list"], ["verify"], ["pull"], ["show", "small_v1"]):
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            try:
                code: object = main(command)
            except SystemExit as ended:
                code = ended.code
            except Exception:
                code = traceback.format_exc()
        said.append([command[0], code, output.getvalue()])
    del os.environ["FIXTURES_REGISTRY"]
    noting = False
    return {**found, "said": said, "events": list(events), "s": time.monotonic() - begun}


if __name__ == "__main__":
    # What libraries do when they are loaded, such as to look for others, is none of a registry's.
    for name in ("dvc_http", "dvc_s3", "dvc_ssh", "asyncssh", "s3fs"):
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)
    warnings.simplefilter("ignore", UserWarning)
    sys.addaudithook(note)
    answer = {spec: visit(spec) for spec in sys.argv[1:]}
    print(json.dumps(answer))
