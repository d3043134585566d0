"""Settings of the tests beside `run.py`."""

# Programs and their parts, which find each other where they are run: no doctests are in them.
collect_ignore = [
    "compare.py",
    "configurations.py",
    "emulated.py",
    "probe.py",
    "run.py",
    "stages.py",
    "wheels.py",
    "witnesses.py",
]
