"""Skeletons into files: each in a child process behind its guards.

`fetching` has the three ways in. `tree` renders v1beta3 skeletons, `cookiecutter` cookiecutters; `child`
starts the process and `request` and `confinement` run in it; `skeleton` judges what goes in, `landing`
places what came out. This package and what it imports know nothing of Django.
"""
