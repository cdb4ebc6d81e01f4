"""A peer that ends with an error right after it has started."""

import sys
import time
from pathlib import Path

Path(sys.argv[1], f"ready-{sys.argv[2]}").touch()
time.sleep(0.3)
sys.exit("no room")
