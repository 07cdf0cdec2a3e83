"""The dashboard: thin pages over ``probing``. The only importer of streamlit."""
