"""What every drawing is made of: shapes by their kind, how they are painted in light and dark, how wide words are."""
