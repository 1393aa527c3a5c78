"""Extraction from many articles: work that is never lost, on one machine or on a Ray cluster."""
