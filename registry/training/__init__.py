"""The reference consumer: a Lightning workflow that trains, saves, loads and infers on a fixture.

Nothing outside this package imports it but the commands ``train``, ``infer`` and ``envelope``, when
they run: torch and lightning take seconds. `groups` does without them, and so do the modules that
measure the workflow from outside: `envelope`, `measuring`, `results`, `verdicts`.
"""
