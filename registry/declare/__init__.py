"""What exists: ``params.yaml``, read, held against its rules, and edited."""

FILE = "params.yaml"
