"""How information enters [CLS], and what the classification error trains: on a person's sentences.

``explore`` measures what holds for many sentences, ``look`` what happens in a single one; both
give frozen values (``values.py``) that are stored beside a run and drawn without the encoder.
"""
