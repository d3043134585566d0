"""The forward model of `registry.ptychography.forward` in torch: differentiable and batched.

Conventions are those of that module: x is the column, y the row; element (0, 0) of a frame lies at
row ``y - H/2`` and column ``x - W/2``; bilinear between pixels; zero frequency in the centre.
Shapes carry a batch B of objects (or of canvases, one for each group) and C frames on each.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad


def object_patches(obj: Tensor, x: Tensor, y: Tensor, shape: tuple[int, int]) -> Tensor:
    """Object under each frame.

    Parameters
    ----------
    obj : (B, Y, X) complex
    x, y : (B, C) float64 [px]
        Centre of each frame.
    shape : (H, W)

    Returns
    -------
    (B, C, H, W) complex

    Raises
    ------
    ValueError
        A frame leaves the object.
    """
    # one row and column more, weighted zero, so that a frame on the last whole pixel fits
    padded = pad(obj, (0, 1, 0, 1))
    index, down, right = _windows(x, y, shape, (obj.shape[-2], obj.shape[-1]), obj)
    window = padded.flatten(1).gather(1, index.flatten(1)).view(index.shape)
    between = window[..., :-1, :] + down * (window[..., 1:, :] - window[..., :-1, :])
    return between[..., :-1] + right * (between[..., 1:] - between[..., :-1])


def diffraction_amplitude(probe: Tensor, patches: Tensor) -> Tensor:
    """|fftshift(fft2(probe * patch))| / sqrt(H * W): (..., H, W) float.

    Parameters
    ----------
    probe : (H, W) complex
    patches : (..., H, W) complex
    """
    return far_field(probe, patches).abs()


def far_field(probe: Tensor, patches: Tensor) -> Tensor:
    """Complex amplitude at the detector, zero frequency in the centre: (..., H, W) complex."""
    field = torch.fft.fft2(probe * patches, norm="ortho")
    shifted: Tensor = torch.fft.fftshift(field, dim=(-2, -1))
    return shifted


def exit_wave(field: Tensor) -> Tensor:
    """Inverse of the transform in `far_field`: (..., H, W) complex."""
    wave: Tensor = torch.fft.ifft2(torch.fft.ifftshift(field, dim=(-2, -1)), norm="ortho")
    return wave


def merge(
    patches: Tensor, x: Tensor, y: Tensor, weight: Tensor, shape: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Patches on a common canvas, averaged where they overlap.

    Patches cut from one object give that object back, but for what two interpolations smooth.

    Parameters
    ----------
    patches : (B, C, H, W) complex
    x, y : (B, C) float64 [px]
        Centre of each on its canvas.
    weight : (H, W) float
        Of a patch's pixels in the average; the probe's intensity is the natural one.
    shape : (Y, X)
        Of the canvas.

    Returns
    -------
    canvas : (B, Y, X) complex
        Zero where no patch reaches.
    coverage : (B, Y, X) float
        The sum of weights.
    """
    coverage = spread(weight.expand(patches.shape[:2] + weight.shape), x, y, shape)
    total = spread(patches * weight, x, y, shape)
    tiny = torch.finfo(coverage.dtype).tiny
    return total / coverage.clamp_min(tiny), coverage


def spread(patches: Tensor, x: Tensor, y: Tensor, shape: tuple[int, int]) -> Tensor:
    """The sum of patches, each in its place: (B, Y, X), the adjoint of `object_patches`.

    Parameters
    ----------
    patches : (B, C, H, W) float or complex
    x, y : (B, C) float64 [px]
        Centre of each on its canvas.
    shape : (Y, X)
        Of the canvas.
    """
    index, down, right = _windows(x, y, (patches.shape[-2], patches.shape[-1]), shape, patches)
    lower = pad(patches * (1 - down), (0, 0, 0, 1)) + pad(patches * down, (0, 0, 1, 0))
    window = pad(lower * (1 - right), (0, 1)) + pad(lower * right, (1, 0))
    size = (patches.shape[0], (shape[0] + 1) * (shape[1] + 1))
    flat = torch.zeros(size, dtype=patches.dtype, device=patches.device)
    flat = flat.scatter_add(1, index.flatten(1), window.flatten(1))
    return flat.view(-1, shape[0] + 1, shape[1] + 1)[:, :-1, :-1]


def _windows(
    x: Tensor, y: Tensor, shape: tuple[int, int], canvas: tuple[int, int], like: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Flat indices (B, C, H+1, W+1) into a canvas padded by one, and what lies between pixels."""
    height, width = shape
    top, left = y - height / 2, x - width / 2
    row, column = top.floor(), left.floor()
    inside = (top >= 0) & (left >= 0) & (top + height <= canvas[0]) & (left + width <= canvas[1])
    if not bool(inside.all()):
        b, c = (~inside).nonzero()[0].tolist()
        raise ValueError(
            f"frame {c} of {b} at x = {float(x[b, c]):.3f}, y = {float(y[b, c]):.3f} leaves the "
            f"canvas {tuple(canvas)}"
        )
    rows = row.long()[..., None, None] + torch.arange(height + 1, device=x.device)[:, None]
    columns = column.long()[..., None, None] + torch.arange(width + 1, device=x.device)
    real = like.real.dtype
    down = (top - row).to(real)[..., None, None]
    right = (left - column).to(real)[..., None, None]
    return rows * (canvas[1] + 1) + columns, down, right
