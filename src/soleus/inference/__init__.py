"""The model of docs/model.md as arrays. Knows no medicine; judged by exact oracles."""
