"""Drawings of our own, made by code from shapes and records."""
