"""How a process that computes gets its memory."""

from __future__ import annotations

import ctypes

# Of glibc's malloc.h: from which size on memory comes from the system and goes back to it, and how
# much that is free may stay. 32 MiB is the most that the first may be.
_MMAP_THRESHOLD, _MMAP_BYTES = -3, 32 << 20
_TRIM_THRESHOLD, _TRIM_BYTES = -1, 256 << 20


def reuse() -> bool:
    """Have memory that is freed used again by this process; whether the system can do that.

    By default glibc hands large arrays back, and to have them handed out anew, page by page, takes
    a third of a stage's processor time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        # another C library than glibc
        return False
    done = mallopt(_MMAP_THRESHOLD, _MMAP_BYTES), mallopt(_TRIM_THRESHOLD, _TRIM_BYTES)
    return all(done)
