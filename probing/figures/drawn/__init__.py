"""What a run is drawn of, by figure: its parts, or a refusal that says what is missing."""
