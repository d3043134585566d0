"""Stacks of frames, (N, H, W) float64, that may be larger than memory.

What is small is an array. Of what is not, frames are read, converted or modelled a part at a time,
whenever they are asked for; whatever goes through all of them does so in parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
Indices = slice | Sequence[int] | NDArray[np.integer]

# Pixels of a part, which is an array: 4 MiB, all of 128 frames of 64 x 64.
PART = 1 << 19
# Of those that are gone through together: 256 KiB, with what is made of them in the CPU's cache.
_CACHED = 1 << 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Computed:
    """A stack of which ``frames`` gives those at some indices, as float64, anew each time."""

    shape: tuple[int, int, int]
    frames: Callable[[NDArray[np.intp]], Real]

    ndim = 3
    dtype = np.dtype(np.float64)

    @property
    def size(self) -> int:
        """Number of pixels."""
        count, height, width = self.shape
        return count * height * width

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, indices: Indices) -> Real:
        return self.frames(np.arange(len(self))[indices])


Stack = Real | Computed


def stack(rows: Any, change: Callable[[Real], Real] | None = None) -> Stack:
    """Frames (N, H, W) of any real dtype as float64, changed one part at a time.

    Parameters
    ----------
    rows : array, `Computed`, or whatever else gives frames at an array of indices
    change : callable, optional
        From some frames to as many of the same size.
    """

    def frames(indices: NDArray[np.intp]) -> Real:
        some = np.ascontiguousarray(rows[indices], dtype=np.float64)
        return some if change is None else change(some)

    if change is None and isinstance(rows, np.ndarray) and _is_one(rows):
        return rows
    found = Computed(shape=rows.shape, frames=frames)
    return found if found.size > PART else found[:]


def _is_one(rows: np.ndarray) -> bool:
    return bool(rows.dtype == np.float64 and rows.flags.c_contiguous)


def taken(rows: Any, indices: NDArray[np.integer]) -> Stack:
    """The frames at some indices, in their order."""
    found = Computed(
        shape=(len(indices), *rows.shape[1:]),
        frames=lambda some: np.ascontiguousarray(rows[indices[some]], dtype=np.float64),
    )
    return found if found.size > PART else found[:]


def remembered(stack: Computed) -> Computed:
    """The stack, each frame of which is computed when it is first asked for, and then kept."""
    found, is_known = np.empty(stack.shape), np.zeros(len(stack), bool)

    def frames(indices: NDArray[np.intp]) -> Real:
        new = indices[~is_known[indices]]
        if new.size:
            found[new] = stack[new]
            is_known[new] = True
        some: Real = found[indices]
        return some

    return Computed(shape=stack.shape, frames=frames)


def parts(stack: Stack, times: int = 1) -> Iterator[slice]:
    """Slices of a stack, each of at most so many pixels, or one frame; or several such in one."""
    count, height, width = stack.shape
    return slices(count, times * max(1, PART // max(1, height * width)))


def slices(count: int, step: int) -> Iterator[slice]:
    """Slices of so many frames each, and of those that are left; one of nothing, too."""
    for start in range(0, max(count, 1), step):
        yield slice(start, min(start + step, count))


def few(stack: Stack) -> int:
    """How many frames are gone through together, at least one."""
    _, height, width = stack.shape
    step: int = max(1, min(PART, _CACHED) // max(1, height * width))
    return step


def each(*stacks: Stack) -> Iterator[tuple[Real, ...]]:
    """A few frames after the other, of stacks of the same shape."""
    for some in slices(len(stacks[0]), few(stacks[0])):
        yield tuple(stack[some] for stack in stacks)


def by_frame(figure: Callable[..., NDArray[Any]], *stacks: Stack) -> NDArray[Any]:
    """A figure (N,) of each frame, from a few of the stacks at a time."""
    return np.concatenate([figure(*some) for some in each(*stacks)])


def total(figure: Callable[..., Any], *stacks: Stack) -> float:
    """The sum of a figure of a few frames of the stacks."""
    return float(sum(figure(*some) for some in each(*stacks)))


def power(stack: Stack) -> float:
    """The sum of all squares."""
    return float(squares(stack).sum())


def squares(stack: Stack) -> Real:
    """The sum of each frame's squares: (N,) float64."""
    return by_frame(lambda some: np.einsum("nij,nij->n", some, some), stack)


def largest(stack: Stack) -> float:
    """The largest value."""
    return max(float(some.max()) for (some,) in each(stack))


def kept(stack: Stack) -> Real:
    """The stack as an array, computed part for part."""
    if isinstance(stack, np.ndarray):
        return stack
    found = np.empty(stack.shape)
    for part in parts(stack):
        found[part] = stack[part]
    return found
