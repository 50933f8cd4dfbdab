"""What those who write templates work with: a template from disk tried out, looked over and tested, without a server.

`source` reads a template with the places of its parts, `trial` does a dry run of it, `linting` looks it over (`findings`
is what it says), `cases` tests it. Nothing here needs a database.
"""
