"""`python -m benchmarks WORD …`: one word for each thing that is measured; `WORD --help` says more."""

import sys
from importlib import import_module

from benchmarks.server import Unmeasurable

WORDS = {
    "data": "make a folder of descriptor files with N entities",
    "serve": "start Greenroom for a measurement, and stop it",
    "ingest": "how long until every entity and relation is right",
    "reads": "requests a second, latency, CPU and memory of the catalog's reads",
    "change": "how long until a changed file shows",
    "template": "make a template with a skeleton of N files",
    "runs": "how long runs of a template take, alone and several at once",
    "memory": "by how much the worker grows in a run of a large template",
    "size": "what the database takes on disk",
    "designs": "ways to index search keys: size, filling, four questions",
    "compare": "the same reads against several servers, one at a time; a table with the targets",
}


def main() -> int:
    """Run one word; 1 with a sentence when something cannot be measured."""
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    if word not in WORDS:
        lines = [f"  {name:<9}{meaning}" for name, meaning in WORDS.items()]
        sys.stderr.write("usage: python -m benchmarks WORD …\n\n" + "\n".join(lines) + "\n")
        return 0 if word in ("-h", "--help") else 2
    try:
        return int(import_module(f"benchmarks.{word}").main(sys.argv[2:]))
    except Unmeasurable as reason:
        sys.stderr.write(f"benchmarks: {reason}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
