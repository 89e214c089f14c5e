"""The API in production with the pages before it, as the containers' web server has them."""

from api.application import Deadlines, create_app
from api.web.static_files import STOREFRONT_PAGES, StorefrontPages
from settings import load_settings

app = create_app(load_settings(), Deadlines(database=30, model_server=30, slow_page=30))
app.mount("/", StorefrontPages(directory=STOREFRONT_PAGES, html=True))
