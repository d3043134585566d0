"""Variables of the environment that users set: their names, old ones too, and what they say.

Light, because the pytest plugin asks at every start.
"""

from __future__ import annotations

import os

CACHE = "FIXTURES_CACHE"
OFFLINE = "FIXTURES_OFFLINE"


def value(name: str) -> str | None:
    """What a variable says; None where it is not set, or empty."""
    return os.environ.get(name) or None


def is_offline(offline: bool | None = None) -> bool:
    """Whether the remote must not be asked. Default: whether ``$FIXTURES_OFFLINE`` is set."""
    return value(OFFLINE) is not None if offline is None else offline
