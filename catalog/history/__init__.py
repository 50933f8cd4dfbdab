"""What the catalog said at any moment: each change of an entity as a small step back, never changed afterwards.

    record(changes)     called by whoever writes final documents, once, in the same transaction
    past                the state at a moment, of one entity or of all
    differences         what two documents say differently, field by field
    retention           lets go of what is older than GREENROOM_HISTORY_DAYS

The present document is the only copy of itself: a revision holds what leads from it to the one before
(`delta`), so a fresh ingestion stores a row of about 150 bytes for each entity and no document at all.
"""

from catalog.history.models import Horizon, Revision, Verb
from catalog.history.recording import STITCHED, Change, by_location, record

__all__ = ["STITCHED", "Change", "Horizon", "Revision", "Verb", "by_location", "record"]
