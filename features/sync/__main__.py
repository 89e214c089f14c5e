"""Hop 1 as a command: `python -m features.sync`."""

from features.sync.shop_sync import main

if __name__ == "__main__":
    main()
