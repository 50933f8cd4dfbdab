"""Upgrades: a repository made last year is brought up to today's template by a pull request; campaigns over many."""
