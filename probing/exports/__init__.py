"""A run, or one of its cells, in the forms that other tools read.

``projector``: TensorFlow's Embedding Projector; ``sentence_transformers``: an encoder's folder;
``script`` and ``notebook``: code that makes the run again; ``bundle``: a zip of chosen parts. Each
is imported from its own module, as only some need torch: ``projector``, ``sbert``, ``code``,
``bundle``.
"""
