"""The API as a server finds it: `uvicorn api.main:app`."""

from api.application import create_app
from settings import load_settings

app = create_app(load_settings())
