"""An assessment on paper, on the terminal and as JSON. Nothing is judged here; it is only said."""
