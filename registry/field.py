"""The field of science that fixtures are of: what the core knows of it without importing it."""

NAME = "ptychography"
# The suite of checks, with its version; and the schema of what the field adds to a sidecar.
SUITE = "ptychography_v1"
SCHEMA = "ptychography_v1.schema.json"
# Opens scan files. It is imported by name, and only for generators that are given an open file.
READERS = "registry.ptychography.readers"
# The mistakes that data may carry, for each field; of any other those that all arrays may carry.
# They are imported by name, and only to plant them.
MISTAKES = {NAME: "registry.ptychography.mistakes"}
MISTAKES_OF_ARRAYS = "registry.arrays.mistakes"
