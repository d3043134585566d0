"""A target for tests of the campaign itself, whose reader does what none may do."""

from __future__ import annotations

import os
import time
from random import Random

from registry.errors import CheckError

DEEDS = ("accept", "refuse", "raise", "die", "take", "hang")


def mutant(random: Random) -> bytes:
    """The name of a deed."""
    return random.choice(DEEDS).encode()


def check(data: bytes) -> None:
    """Do it."""
    match data.decode():
        case "refuse":
            raise CheckError("s", expected="x", found="y", remedy="z")
        case "raise":
            raise KeyError("one")
        case "die":
            os._exit(3)
        case "take":
            bytes(4 << 30)
        case "hang":
            time.sleep(1000)
