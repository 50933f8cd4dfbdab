"""The {{ cookiecutter.slug }} service."""

NAME = "{{ cookiecutter.slug }}"
__version__ = "0.1.0"
