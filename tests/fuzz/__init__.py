"""Readers of what others wrote, against mutants of it: ``python -m tests.fuzz``, ``make fuzz``.

A target is a module with two functions. ``mutant(random)`` makes the bytes of one, and
``check(data)`` gives them to the reader: it returns where they are accepted and the reference
reader, if there is one, says the same. Where they are refused it lets the `RegistryError` pass.
Anything else is a finding.
"""
