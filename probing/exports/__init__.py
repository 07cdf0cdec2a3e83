"""A run, or one of its cells, in the forms that other tools read.

``projector``: TensorFlow's Embedding Projector; ``sentence_transformers``: an encoder's folder;
``script`` and ``notebook``: code that makes the run again; ``bundle``: a zip of chosen parts.
"""



from probing.exports.projector import projector
from probing.exports.sbert import sentence_transformers

__all__ = ["PARTS", "bundle", "notebook", "projector", "script", "sentence_transformers"]
