"""Parts of the package that need an extra, imported when a command runs."""

from __future__ import annotations

import atexit
import gc
from types import ModuleType

from registry.errors import MissingError


def training() -> ModuleType:
    """The module `registry.training.workflow`.

    Raises
    ------
    MissingError
        torch, lightning or dvclive are not installed.
    """
    # The collector looks again and again at what imports leave behind, none of which is garbage: a
    # third of a short training's time. Frozen, it is left alone, at the end of the process as well.
    gc.disable()
    try:
        import dvclive.lightning  # noqa: F401  the workflow imports it late

        from registry.training import workflow
    except ImportError as error:
        raise MissingError(
            "training",
            expected="torch, lightning, dvclive and matplotlib",
            found=str(error),
            remedy="pip install 'fixture-registry[train]'",
        ) from None
    finally:
        gc.freeze()
        gc.enable()
    atexit.register(gc.freeze)
    return workflow
