"""Pages for people: interview, result, case desk. They work without script; a little script makes them smoother."""
