"""What runs on the target: it is brought there by the other end of the link, and ends with it."""
