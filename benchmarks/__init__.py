"""Measures Backstage-compatible catalogs: reads, ingestion, changes, size; needs nothing but Python (and wrk)."""
