"""The catalog's own routes, for what Backstage has no words for; each module describes what it answers."""
