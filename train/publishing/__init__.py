"""A trained model on a model hub: what is uploaded, its card, a page to try it on, and the way there."""
