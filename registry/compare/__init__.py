"""Two things held against each other: arrays, fixtures, versions, locks."""
