"""New repositories from golden paths: templates, the runs that carry them out, and what those made."""
