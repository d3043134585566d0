"""Modules of this package, imported when a command runs; what they need comes with an extra."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from registry import extras

_EXPECTED = "torch, lightning and matplotlib"


def workflow() -> ModuleType:
    """The module `registry.training.workflow`.

    Raises
    ------
    MissingError
        torch, lightning or matplotlib are not installed.
    """
    with _importing():
        from registry.training import workflow
    return workflow


def inference() -> ModuleType:
    """The module `registry.training.inference`, for which torch is enough.

    Raises
    ------
    MissingError
        torch is not installed.
    """
    with _importing():
        from registry.training import inference
    return inference


@contextmanager
def _importing() -> Iterator[None]:
    # The collector looks again and again at what imports leave behind, none of which is garbage: a
    # third of a short training's time. Frozen, it is left alone, at the end of the process as well.
    gc.disable()
    try:
        yield
    except ImportError as error:
        raise extras.missing("train", "training", expected=_EXPECTED, found=str(error)) from None
    finally:
        gc.freeze()
        gc.enable()
    atexit.register(gc.freeze)
