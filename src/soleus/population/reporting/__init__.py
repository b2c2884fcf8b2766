"""A report on one database, part by part."""
