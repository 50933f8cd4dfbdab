"""Search: what is indexed of entities and their pages, how it is kept in step, and how it is found."""
