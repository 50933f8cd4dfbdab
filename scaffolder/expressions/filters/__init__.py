"""The filters that templates may use: the language's own by subject, and Backstage's.

A filter is called with the meter, its input, the arguments by position and those by name.
"""

from typing import Final

from .backstage import backstage_filters
from .lists import LIST_FILTERS
from .shape import FilterBody
from .text import TEXT_FILTERS
from .values import VALUE_FILTERS

BUILT_IN: Final[dict[str, FilterBody]] = TEXT_FILTERS | LIST_FILTERS | VALUE_FILTERS

__all__ = ["BUILT_IN", "FilterBody", "backstage_filters"]
