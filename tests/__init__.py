"""The tests; they mirror the code and come in through its front doors."""
