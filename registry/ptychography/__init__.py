"""X-ray ptychography: the data contract, the forward model, and the checks that follow from it."""
