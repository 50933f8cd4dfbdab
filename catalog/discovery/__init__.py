"""Finding what there is on code hosts: repositories with catalog files, people and teams."""
