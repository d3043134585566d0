"""``python -m registry.cli`` is ``fixtures``."""

import sys

from registry.cli import main

sys.exit(main())
