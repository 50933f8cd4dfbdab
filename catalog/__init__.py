"""What exists and who owns it: entities, relations, locations, in Backstage's entity model."""
