"""Command line of hop 1: `python -m features.sync`."""

import sys

from features.sync.shop_sync import main

if __name__ == "__main__":
    sys.exit(main())
