"""``fixtures init``: a registry laid out in somebody's repository, as this one is."""
