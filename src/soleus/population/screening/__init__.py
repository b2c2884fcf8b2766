"""Every medicine against a marker of cramps."""
