"""ASGI entry point: `uvicorn api.main:app`."""

import gc
import sys

from api.application import create_app
from api.web.logs import set_up_logs
from settings import load_settings

NEW_OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""Lists, dictionaries and the like that a process makes before the garbage collector looks at them. A page makes
hundreds and drops them at once; the interpreter's 700 would have it look several times during each."""

set_up_logs()
try:
    app = create_app(load_settings())
except ValueError as err:
    sys.exit(f"The API does not start: {err}")

# What is loaded now stays for good. Looked through with everything else, it would cost some pages 0.1 s.
gc.collect()
gc.freeze()
gc.set_threshold(NEW_OBJECTS_BETWEEN_COLLECTIONS)
