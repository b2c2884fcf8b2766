"""The knowledge base: records as data, their structures, the loader, and the rules that keep them whole."""
