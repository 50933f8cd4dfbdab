"""Django's PostgreSQL backend with one thing changed: how a pooled connection is found to be dead."""
