"""A fixed amount of work on one thread, to tell how fast a machine is while something is measured.

``python -m registry.training.calibration`` prints the seconds. The work is of the kinds that a
short training spends its time on: convolutions, FFTs, and Python itself, as in importing modules.
Whoever changes it makes times of before and after incomparable: ``envelope.calibration_s`` in
``params.yaml`` belongs to it.
"""

from __future__ import annotations

import marshal
import sys
import time

import numpy as np

_FRAMES = (4, 64, 64)
_CHANNELS = 32
_CONVOLUTIONS = 80
_FFTS = 600
_MODULES = 600


def seconds() -> float:
    """What the work takes here and now, about half a second."""
    generator = np.random.Generator(np.random.PCG64(0))
    frames = generator.random(_FRAMES, dtype=np.float32)
    image = generator.random((_CHANNELS, *_FRAMES[1:]), dtype=np.float32)
    kernel = generator.random((_CHANNELS, _CHANNELS * 9), dtype=np.float32)
    code = marshal.dumps(compile(_MODULE, "module", "exec"))
    begin = time.perf_counter()
    for _ in range(_CONVOLUTIONS):
        _convolved(image, kernel)
    for _ in range(_FFTS):
        np.fft.ifft2(np.fft.fft2(frames))
    for _ in range(_MODULES):
        exec(marshal.loads(code), {"__name__": "module"})
    return time.perf_counter() - begin


def _convolved(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolution with 3 x 3 kernels, by one matrix product."""
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    columns = windows.transpose(0, 3, 4, 1, 2).reshape(kernel.shape[1], -1)
    product: np.ndarray = kernel @ columns
    return product


# as a module looks that is imported: classes and functions
_MODULE = "\n".join(
    f"class C{n}:\n    '''A class.'''\n    x: int = {n}\n"
    f"    def method(self, a, b={n}):\n        return [a + i for i in range(b)]\n"
    for n in range(40)
)

if __name__ == "__main__":
    sys.stdout.write(f"{seconds()}\n")
