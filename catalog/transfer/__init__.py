"""The whole catalog as one file and back: for moving, for keeping, for looking at it with other tools.

    records     what stands in the file: one record a line, each said by its only member; checked on the way in
    formats     records ⇄ bytes, as NDJSON or as YAML
    rows        the only two doors to the tables: read them, write them
    export      the stream of a catalog at one moment
    intake      the stream into an empty catalog, all of it or nothing

What is derived (final documents, search keys, the search index) is not in the file; it is made anew by the code
that makes it always.
"""
