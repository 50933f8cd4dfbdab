"""A graph as a picture: which node stands in which column, where exactly, and the SVG of it."""
