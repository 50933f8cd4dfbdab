"""From a location to entities in the catalog: read the tree, plan what changes, write it at once."""
