"""The catalog in the admin: browse, look up, have read again, unregister. Rows come from files: no form edits them.

Every page costs the same in a large catalog: nothing is counted or listed further than it is shown, and what is
filtered or looked up has an index (`listing`).
"""

from catalog.admin.entities import EntityAdmin
from catalog.admin.locations import LocationAdmin
from catalog.admin.relations import RelationAdmin
from catalog.discovery import admin as _discovery  # noqa: F401 - registers itself

__all__ = ["EntityAdmin", "LocationAdmin", "RelationAdmin"]
