"""A database in one shape, whatever it was before, and the engine that reads it."""
