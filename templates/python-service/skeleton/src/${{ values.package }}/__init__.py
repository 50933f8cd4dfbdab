"""The ${{ values.name }} service."""

NAME = "${{ values.name }}"
__version__ = "0.1.0"
