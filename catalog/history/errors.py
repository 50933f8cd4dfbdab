"""What can go wrong in looking back."""

from core.errors import Conflict


class HistoryBroken(Conflict):
    """A kept change does not fit the document that it should lead back from: something wrote past the history."""

    code = "history_broken"
