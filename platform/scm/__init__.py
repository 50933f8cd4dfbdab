"""Code hosts: the port to them, the local one, and git itself."""
