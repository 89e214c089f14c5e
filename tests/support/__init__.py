"""Support of the tests: database servers, a browser, certificates, small shops, spoilt versions."""
