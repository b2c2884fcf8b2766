"""The slow, plain twins that judge the engines."""
