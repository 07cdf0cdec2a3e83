"""How bytes become an even table of text; `probing.tables` is the door to this room."""
