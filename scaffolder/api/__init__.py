"""The scaffolder over HTTP, as Backstage's clients know it."""
