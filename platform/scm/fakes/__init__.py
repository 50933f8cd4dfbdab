"""Code hosts that run in this process, for tests and trials: real HTTP, state in memory, answers as documented."""
