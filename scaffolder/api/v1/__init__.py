"""The scaffolder's own routes, beside those of Backstage's contract."""
