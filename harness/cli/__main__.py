"""``python -m harness.cli`` is ``steadytune``."""

import sys

from harness.cli.main import main

sys.exit(main())
