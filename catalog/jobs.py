"""The catalog's work for later, by its lasting names."""

from core.jobs import Job

REFRESH_LOCATION = Job("catalog.refresh_location")
REPOSITORY_EVENT = Job("catalog.repository_event")
RUN_PROVIDER = Job("catalog.run_provider")
PROVIDER_EVENT = Job("catalog.provider_event")
READ_DOCUMENTATION = Job("catalog.read_documentation")
