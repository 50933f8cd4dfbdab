"""Files that runs hand to people: kept for some days, then gone."""
