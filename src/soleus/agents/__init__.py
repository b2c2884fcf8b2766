"""Tools for language models and other agents, by the Model Context Protocol."""
