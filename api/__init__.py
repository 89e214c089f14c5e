"""The storefront's API. Imports the shop alone; reaches the model over HTTP."""
