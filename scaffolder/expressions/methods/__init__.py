"""The methods that values have in a template, by the kind of value."""
