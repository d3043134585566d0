"""What the envelope's runs took, as ``metrics.json`` holds it: each repeat, and the medians."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import Any

from registry.errors import CheckError

METRICS = "metrics.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeat:
    """What one repeat took.

    ``calibration_s`` is what the calibration took beside it: the mean of before and after.
    """

    train_s: float
    infer_s: float
    calibration_s: float
    train_phases_s: Mapping[str, float]
    infer_phases_s: Mapping[str, float]
    train_peak_rss_bytes: int
    infer_peak_rss_bytes: int
    artifact_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """What came of a training: its losses, and the reconstruction as `workflow.infer` judges it."""

    first_loss: float
    last_loss: float
    amplitude_error: float
    amplitude_error_ratio: float
    stitched_r_factor: float
    amplitude_correlation: float
    phase_error_rad: float
    resolution_px: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """What ``metrics.json`` holds: all that was measured in one run of the envelope.

    Attributes
    ----------
    settings : mapping
        The run's entry in ``params.yaml`` and its options, the fixture's ``sha256``, and the digest
        of the ``code`` that was measured.
    quality : Quality
        The first repeat's.
    repeats_identical : bool
        Whether losses and reconstruction were the same to the last bit in all repeats.
    machine : str
        Processor and versions, in words.
    repeats : tuple of Repeat
    """

    settings: Mapping[str, Any]
    quality: Quality
    repeats_identical: bool
    machine: str
    repeats: tuple[Repeat, ...]

    @classmethod
    def parse(cls, data: bytes, *, subject: str) -> Results:
        """Build from the text of ``metrics.json``.

        Raises
        ------
        CheckError
            It is none.
        """
        try:
            document = json.loads(data)
            kept = {item.name: document[item.name] for item in fields(cls)}
            kept["quality"] = Quality(**kept["quality"])
            kept["repeats"] = tuple(Repeat(**repeat) for repeat in kept["repeats"])
            found = cls(**kept)
            # whatever is no number, or no mapping, where one has to be
            found.encode()
            sum(value for value in asdict(found.quality).values() if value is not None)
            dict(found.settings)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckError(
                f"{subject}: {METRICS}",
                expected="results as the envelope's stage writes them",
                found=f"{type(error).__name__}: {error}",
                remedy=f"fixtures envelope {subject}",
            ) from None
        return found

    def encode(self) -> bytes:
        """Text of ``metrics.json``: the medians first, which is what ``dvc metrics show`` shows."""
        document = {
            "train_s": self.train.to_dict(),
            "train_over_calibration": self.train_over_calibration.to_dict(),
            "train_phases_s": phases([repeat.train_phases_s for repeat in self.repeats]),
            "infer_s": self.infer.to_dict(),
            "infer_phases_s": phases([repeat.infer_phases_s for repeat in self.repeats]),
            "calibration_s": self.calibration.to_dict(),
            "peak_rss_bytes": self.peak_rss_bytes,
            "artifact_bytes": self.artifact_bytes,
            **asdict(self),
        }
        return (json.dumps(document, indent=2) + "\n").encode()

    @property
    def train(self) -> Spread:
        """Seconds of the training's process, imports included."""
        return Spread.of([repeat.train_s for repeat in self.repeats])

    @property
    def infer(self) -> Spread:
        """Seconds of the inference's process, likewise."""
        return Spread.of([repeat.infer_s for repeat in self.repeats])

    @property
    def train_over_calibration(self) -> Spread:
        """The training's over those of the calibration beside it."""
        return Spread.of([repeat.train_s / repeat.calibration_s for repeat in self.repeats])

    @property
    def calibration(self) -> Spread:
        """Seconds of the calibration."""
        return Spread.of([repeat.calibration_s for repeat in self.repeats])

    @property
    def peak_rss_bytes(self) -> int:
        """The most memory that any of the processes had."""
        return max(
            max(repeat.train_peak_rss_bytes, repeat.infer_peak_rss_bytes) for repeat in self.repeats
        )

    @property
    def artifact_bytes(self) -> int:
        """The most that any of the repeats left."""
        return max(repeat.artifact_bytes for repeat in self.repeats)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Median and spread of a figure over repeats.

    ``spread_percent`` is how far the farthest lies from the median.
    """

    median: float
    smallest: float
    largest: float
    spread_percent: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one figure.

        >>> Spread.of([9.0, 10.0, 12.0]).spread_percent
        20.0
        """
        middle = median(values)
        farthest = max(abs(value - middle) for value in values)
        return cls(
            median=round(middle, 3),
            smallest=round(min(values), 3),
            largest=round(max(values), 3),
            spread_percent=round(100 * farthest / middle, 1),
        )

    def to_dict(self) -> dict[str, float]:
        """As ``metrics.json`` has it."""
        return asdict(self)


def phases(laps: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Median of each phase."""
    return {phase: round(median(lap[phase] for lap in laps), 3) for phase in laps[0]}
