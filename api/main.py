"""The API as a server finds it: `uvicorn api.main:app`."""

from api.application import create_app
from api.logs import set_up_logs
from settings import load_settings

set_up_logs()
app = create_app(load_settings())
