"""What the envelope measured of a training, as files in ``envelope/results`` hold it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """All that was measured of one training, repeat by repeat.

    Attributes
    ----------
    settings : mapping
        What was run: fixture, options, the fixture's ``sha256`` and the digest of the ``code``.
    machine : str
        Processor and versions, in words.
    repeats : sequence of mappings of str to float
        Figures of `registry.training.measuring.Outcome`, of each repeat.
    identical : bool
        Whether losses and reconstruction were the same to the last bit in all repeats.
    reconstruction : str
        SHA-256 of its file.
    quality : mapping of str to float
        What ``train.json`` and ``infer.json`` say of the first repeat.
    losses : sequence of float
        Its losses, step by step.
    """

    settings: Mapping[str, Any]
    machine: str
    repeats: Sequence[Mapping[str, float]]
    identical: bool
    reconstruction: str
    quality: Mapping[str, float]
    losses: Sequence[float]

    def __post_init__(self) -> None:
        # a file may hold anything: what is no number where one has to be raises here
        math.fsum([*self.metrics.values(), *self.quality.values(), *self.losses])

    @property
    def label(self) -> str:
        """Epochs, images and gridsize of a point of the sweep; nothing of a run."""
        given = self.settings
        if "n_images" not in given:
            return ""
        return f"{given['max_epochs']} × {given['n_images']}, g{given['gridsize']}"

    def median(self, figure: str, over: str | None = None) -> float:
        """Median of a figure over the repeats, or of one over another."""
        return median(each[figure] / (each[over] if over else 1) for each in self.repeats)

    def most(self, *figures: str) -> float:
        """The most of any of these figures in any repeat."""
        return max(each[figure] for each in self.repeats for figure in figures)

    def spread_percent(self, figure: str) -> float:
        """How far the farthest repeat lies from the median."""
        middle = self.median(figure)
        return 100 * max(abs(each[figure] - middle) for each in self.repeats) / middle

    @property
    def peak_rss_bytes(self) -> float:
        """The most memory of training or inference."""
        return self.most("train_peak_rss_bytes", "infer_peak_rss_bytes")

    @property
    def metrics(self) -> dict[str, float]:
        """What DVC shows beside a path in 80 columns: ``corr`` is the amplitude's correlation.

        None may be called ``error``, which DVC would take for one.
        """
        return {
            "corr": round(self.quality["amplitude_correlation"], 3),
            "files_mb": round(self.most("artifact_bytes") / 1e6, 1),
            "rss_mb": round(self.peak_rss_bytes / 1e6),
            "train_s": round(self.median("train_wall_s"), 1),
        }
