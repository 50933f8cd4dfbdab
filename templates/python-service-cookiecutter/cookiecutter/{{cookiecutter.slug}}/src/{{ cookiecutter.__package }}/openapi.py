"""Print the OpenAPI document; `make openapi` writes it to openapi.json, which the catalog shows."""

import json
import sys

from .main import create_app
from .settings import Settings

if __name__ == "__main__":
    json.dump(create_app(Settings()).openapi(), sys.stdout, indent=2)
    sys.stdout.write("\n")
