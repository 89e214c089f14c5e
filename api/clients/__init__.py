"""HTTP clients of the services that the API depends on."""
