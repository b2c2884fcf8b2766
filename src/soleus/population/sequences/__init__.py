"""Who began what first: counts of sequences, their null ratios, and a second design."""
