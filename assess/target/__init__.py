"""A machine that is reached over SSH: what it is, what is brought there, and what is run on it."""
