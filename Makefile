# Every word is one of make.py, which needs nothing but Python: `python3 make.py demo` does the same.
PYTHON ?= python3
ARGS ?=

.PHONY: help setup demo up test live check fmt bench lock

help:
	@"$(PYTHON)" make.py --help

setup demo up test live check fmt bench lock:
	@"$(PYTHON)" make.py $@ $(ARGS)
