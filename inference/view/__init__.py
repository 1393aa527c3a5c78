"""Results to look at: one self-contained page with highlighted articles, tables, charts and a map."""
