"""Reference pages, figures, feeds, slides and leaflets, all made from the records of the knowledge base."""
