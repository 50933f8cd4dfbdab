"""A database field that keeps JSON as the text it was: the order of keys means something to `each` and to forms."""

import json
from typing import Any

from django.db import models


def compact(value: Any) -> str:
    """JSON without spaces, as all of it is stored."""
    return json.dumps(value, separators=(",", ":"))


class JsonText(models.TextField):
    """JSON data as text. `jsonb` would sort the keys and refuse NUL characters; nothing here is searched."""

    _pyi_private_set_type: Any  # for django-stubs: any JSON value goes in and comes out
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        return None if value is None else json.loads(value)

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else compact(value)

    def value_to_string(self, obj: models.Model) -> str:
        return json.dumps(self.value_from_object(obj))
