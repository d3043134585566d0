"""Runner of the stage before all others: nothing is built from a declaration that breaks a rule."""

import sys
from pathlib import Path

from registry import console, files
from registry.declare import params


def main() -> int:
    declared = params.load(Path())
    # Constant, so that stages which depend on it do not run again when params.yaml changes.
    files.write_atomic(Path("build/params.valid"), b"params.yaml satisfies its schema\n")
    print(f"params.yaml: {declared.summary}")
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))
