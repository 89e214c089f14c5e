"""Settings of all services: the one place that reads the environment (or `.env`).

Read at entry points only; everything below them takes what it needs as arguments. How the model is trained lives in
`training/config.yaml`, what it sees in `features/definitions.py`.
"""

from settings.fields import Settings
from settings.loading import load_settings

__all__ = ["Settings", "load_settings"]
