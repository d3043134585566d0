"""Variables of the environment that users set: their names, old ones too, and what they say.

Light, because the pytest plugin asks at every start.
"""

from __future__ import annotations

import os

REGISTRY = "FIXTURES_REGISTRY"
CACHE = "FIXTURES_CACHE"
OFFLINE = "FIXTURES_OFFLINE"
# Where the real files are that tests and the documentation's examples use and nobody may pass on.
REAL_DATA = "FIXTURES_REAL_DATA"
# Where downloads and digests of sources are kept between runs, if not in build/.
BUILD = "FIXTURES_BUILD"
# Set by services that run tests for everybody: there nothing may be passed over.
CI = "CI"
_OLD = {REGISTRY: "FIXTURE_REGISTRY", REAL_DATA: "PTYCHO_REAL_DATA"}


def value(name: str) -> str | None:
    """What a variable says, or else the one of its old name; None where none is set, or empty."""
    return os.environ.get(spelling(name)) or None


def spelling(name: str) -> str:
    """The name under which a variable is set: its old one, if that alone is."""
    old = _OLD.get(name, name)
    return old if os.environ.get(old) and not os.environ.get(name) else name


def is_offline(offline: bool | None = None) -> bool:
    """Whether the remote must not be asked. Default: whether ``$FIXTURES_OFFLINE`` is set."""
    return value(OFFLINE) is not None if offline is None else offline
