"""The shared kernel: what every app may use, and which uses no app."""
