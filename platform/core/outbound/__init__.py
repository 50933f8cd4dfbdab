"""The one way out over HTTP, to wherever somebody's text says: which hosts and addresses, how long, how much.

    answer = ask("GET", url, allowed=Allowed.of(settings.GREENROOM_READING_ALLOW), limit=10 * 1024 * 1024)

Code hosts are reached by `scm.transport`: their addresses are named by the operator, not by users.
"""
