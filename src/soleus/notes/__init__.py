"""Free text to findings: what a message, a letter or a note says of one person, with the place of every word."""
