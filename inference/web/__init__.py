"""The extractor as a web page and as an HTTP endpoint."""
