"""What DVC's stages run: code identity, sources, fixtures."""

import sys

from registry.build import one_thread

# A stage's own program, which Python is about to import: ``python -m registry.build.fixture``.
if sys.argv[:1] == ["-m"]:
    one_thread.ask()
