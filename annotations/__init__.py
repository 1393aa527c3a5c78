"""Labelled articles: what they are, how they are stored, checked, described and scored."""
