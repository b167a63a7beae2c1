"""What the pages share, a file a subject."""
