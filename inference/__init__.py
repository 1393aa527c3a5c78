"""A model and an article to records."""
