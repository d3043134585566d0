"""``stages.py NAME...``: runs stages of dvc.yaml, such as ``source@twin``, where there is no DVC.

What DVC would start as programs runs in one process, with the same arguments, as `fixtures build`
does: an emulated Python takes seconds to import anything.
"""

import importlib
import sys
from pathlib import Path

# the clone's own package, from whose folder this is started
sys.path.insert(0, str(Path.cwd()))

from registry import console
from registry.build import code, plan


def main() -> int:
    """Run the stages that are named, in the order of ``dvc repro``."""
    declared = code.write(Path())
    for name, stage in plan.stages(Path(), declared).items():
        if name in sys.argv[1:]:
            importlib.import_module(f"registry.build.{stage.kind}").main(stage.argv)
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))
