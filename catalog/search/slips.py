"""Words that somebody may have meant: near in letters to what was typed. Pure.

A word is kept under the letters it begins with, whole and with each one left out. What was typed is cut the same
way, and shares a form with every word that is one letter added, missing, wrong or swapped away (the idea of
SymSpell, https://github.com/wolfgarbe/SymSpell): a look-up of a few keys, whatever the number of words.
"""

from collections.abc import Iterable

SHORTEST, LONGEST = 4, 32
"""Letters of a word that slips are looked for in."""
_BEGINNING = 7
_LONG = 8
"""From so many letters on, two slips are forgiven, unless both are in the first seven letters."""


def is_correctable(word: str) -> bool:
    """Whether it is a word in which a slip may be forgiven: with a digit in it, another one is another thing."""
    return SHORTEST <= len(word) <= LONGEST and word.isalpha()


def forms(word: str) -> list[str]:
    """The forms under which a word is kept and looked for."""
    beginning = word[:_BEGINNING]
    return sorted({beginning, *(beginning[:at] + beginning[at + 1 :] for at in range(len(beginning)))})


def nearest(typed: str, candidates: Iterable[str], most: int) -> list[str]:
    """The candidates that were most likely meant, best first; none when none is near enough.

    What was typed may be the beginning of a word: letters that would follow cost nothing.
    """
    forgiven = 2 if len(typed) >= _LONG else 1
    ranked = sorted(
        (slips, abs(len(word) - len(typed)), word)
        for word in candidates
        if (slips := _slips(typed, word, forgiven)) <= forgiven
    )
    return [word for slips, _, word in ranked if slips == ranked[0][0]][:most]


def _slips(typed: str, word: str, forgiven: int) -> int:
    """Letters added, missing, wrong or swapped with the neighbour, between what was typed and a beginning of the word."""
    word = word[: len(typed) + forgiven]
    before: list[int] = []
    last = list(range(len(word) + 1))
    for row, letter in enumerate(typed, 1):
        now = [row]
        for column, other in enumerate(word, 1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == word[column - 2] and typed[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        before, last = last, now
    return min(last)
