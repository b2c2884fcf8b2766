"""The whole differential of every person, from bitmaps."""
