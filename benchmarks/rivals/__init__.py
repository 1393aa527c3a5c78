"""Other people's taggers, and a dictionary, trained and read on the same articles as our model."""
