"""Taking back what a run made: newest first, only what the run can prove that it made, the rest told to a person."""
