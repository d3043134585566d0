"""A network as Lightning trains it: the loss of a step, and what makes it small."""

from __future__ import annotations

import lightning
import torch
from torch import Tensor

from registry.errors import CheckError, UsageError
from registry.training.data import Batch
from registry.training.forward import diffraction_amplitude
from registry.training.losses import amplitude_mae, poisson_nll, supervised
from registry.training.model import PtychoUNet
from registry.training.options import LOSSES


class PtychoModule(lightning.LightningModule):
    """Trains a network on batches of `registry.training.datamodule.FixtureDataModule`.

    Parameters
    ----------
    network : PtychoUNet
    loss : str
        ``mae``, ``nll`` or ``supervised``.
    learning_rate : float
    photon_scale : float or None
        Counts per unit of normalised amplitude squared, for ``nll``.

    Raises
    ------
    UsageError
        There is no such loss.
    """

    def __init__(
        self,
        network: PtychoUNet,
        *,
        loss: str = "mae",
        learning_rate: float = 5e-3,
        photon_scale: float | None = None,
    ) -> None:
        super().__init__()
        if loss not in LOSSES:
            raise UsageError(
                "loss",
                expected=f"one of {', '.join(LOSSES)}",
                found=loss,
                remedy="--loss mae",
            )
        self.save_hyperparameters(ignore="network")
        self.network = network
        self._loss = loss
        self._rate = learning_rate
        self._photon_scale = photon_scale

    def forward(self, batch: Batch) -> Tensor:
        """Object patches (B, K, H, W) complex64 of a batch, one under each frame."""
        patches: Tensor = self.network(batch["amplitude"], batch["dx"], batch["dy"])
        return patches

    def loss(self, batch: Batch) -> Tensor:
        """Loss of one batch; the error of a model that knows nothing is about 1.

        Raises
        ------
        UsageError
            A supervised loss of a batch without ``truth``.
        """
        patches = self(batch)
        if self._loss == "supervised":
            if "truth" not in batch:
                raise UsageError(
                    "loss supervised",
                    expected="a fixture with Y, the object patch under each frame",
                    found="one without",
                    remedy="train on a variant with Y, such as minimal_dataset_v1_supervised, or "
                    "with --loss mae",
                )
            return supervised(patches, batch["truth"], self.network.weight())
        predicted = diffraction_amplitude(self.network.probe, patches)
        if self._loss == "nll":
            assert self._photon_scale is not None
            return poisson_nll(predicted, batch["amplitude"], self._photon_scale)
        return amplitude_mae(predicted, batch["amplitude"])

    def training_step(self, batch: Batch, step: int) -> Tensor:
        """Loss of one batch.

        Raises
        ------
        CheckError
            It is not finite.
        """
        loss = self.loss(batch)
        if not torch.isfinite(loss):
            raise CheckError(
                f"training: loss of step {self.global_step + 1}",
                expected="a finite number",
                found=f"{float(loss.detach())}",
                remedy="see that the fixture is sound (fixtures verify) and train with a smaller "
                "learning rate; --resume goes on from the last epoch that was saved",
            )
        self.log("loss", loss, prog_bar=True, on_step=True, on_epoch=False)
        return loss

    def validation_step(self, batch: Batch, step: int) -> None:
        """Log ``val_loss``, of a whole epoch."""
        self.log("val_loss", self.loss(batch), prog_bar=True, batch_size=len(batch["amplitude"]))

    def test_step(self, batch: Batch, step: int) -> None:
        """Log ``test_loss``, of all batches together."""
        self.log("test_loss", self.loss(batch), batch_size=len(batch["amplitude"]))

    def predict_step(self, batch: Batch, step: int) -> Tensor:
        """Object patches (B, K, H, W) complex64; `reconstruct` stitches a network's."""
        patches: Tensor = self(batch)
        return patches

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, at a fixed rate."""
        return torch.optim.Adam(self.parameters(), lr=self._rate)
