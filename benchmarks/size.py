"""What a server's database takes on disk, table by table."""

import argparse
import os

from benchmarks.database import sizes, tidy
from benchmarks.server import Unmeasurable, tell


def main(argv: list[str]) -> int:
    """`python -m benchmarks size --database postgres://… --label NAME`."""
    parser = argparse.ArgumentParser(prog="benchmarks size", description=__doc__)
    parser.add_argument("--database", default=os.environ.get("DATABASE_URL", ""))
    parser.add_argument("--label", default="")
    parser.add_argument("--vacuum", action="store_true", help="VACUUM ANALYZE first")
    parser.add_argument("--out", default="")
    options = parser.parse_args(argv)
    if not options.database:
        raise Unmeasurable("name the database with --database or DATABASE_URL")
    if options.vacuum:
        tidy(options.database)
    found = sizes(options.database)
    large = {name: each for name, each in found["tables"].items() if each["bytes"] >= found["bytes"] / 100}
    tell({"label": options.label, "scenario": "size", "bytes": found["bytes"], "tables": large}, options.out)
    return 0
