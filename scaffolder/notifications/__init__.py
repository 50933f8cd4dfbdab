"""What runs tell people: one row for each person, or one for everybody, read by whom it is for."""
