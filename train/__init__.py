"""Labelled articles to a trained, evaluated model."""
