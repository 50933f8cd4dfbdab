"""Data as YAML that YAML 1.1 and 1.2 read back alike."""

import re
from typing import Any

import yaml


def yaml_text(data: Any, *, indent: int = 2, sort_keys: bool = False) -> str:
    """One document, block style, keys in their order, lines never folded."""
    return str(
        yaml.dump(data, Dumper=_Dumper, sort_keys=sort_keys, allow_unicode=True, width=2**20, indent=indent)
    )


class _Dumper(yaml.SafeDumper):
    """Quotes also what only YAML 1.2 takes for a number, so that both versions read back the same text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^(0o[0-7]+|[-+]?[0-9]+)$"), list("-+0123456789")
)
