"""Runs that wait until somebody says yes: who has to, to what exactly, and that nothing else is then carried out."""
