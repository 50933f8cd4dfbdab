"""Who owns a file by its repository's CODEOWNERS, as owners that the catalog could have."""

from catalog.codeowners.suggestion import Suggestion, suggest, suggestion

__all__ = ["Suggestion", "suggest", "suggestion"]
