"""The API, waiting longer for its dependencies: what a page shows must not hang on how busy the machine is."""

from api.application import Deadlines, create_app
from settings import load_settings

app = create_app(load_settings(), Deadlines(database=30, model_server=30, slow_page=30))
