"""Who reviewed which record on which version, what readers would correct, and how that becomes data."""
