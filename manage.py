#!/usr/bin/env python3
"""Runs this checkout: `python manage.py COMMAND` is `greenroom COMMAND`, with Django's own commands beside it."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent

if __name__ == "__main__":
    try:
        import django  # noqa: F401
    except ModuleNotFoundError:
        from make import in_environment

        in_environment([str(ROOT / "manage.py"), *sys.argv[1:]])
    sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]
    from config.cli import main

    main()
