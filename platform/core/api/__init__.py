"""The API's edge: who asks, what may be asked, and how errors leave, in the form of Backstage's contract."""
