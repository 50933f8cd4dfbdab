"""Who is there: people, service tokens, roles, and how a request proves who sent it."""
