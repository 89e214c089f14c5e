"""HTTP machinery: middleware, authentication, errors, rate limit, logs, metrics."""
