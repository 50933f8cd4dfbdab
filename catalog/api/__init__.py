"""The catalog on the wire: Backstage's own routes, answers and refusals (CATALOG.md)."""
