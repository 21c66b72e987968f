"""Samples and facts to estimates for the device: arithmetic only."""
