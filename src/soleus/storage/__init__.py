"""What is kept on disk, behind one small Protocol: nothing here knows medicine."""
