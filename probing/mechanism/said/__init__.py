"""What may be said of each panel, a module per panel; ``probing.mechanism.wording`` has it all."""
