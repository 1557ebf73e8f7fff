"""Adapters between the rules and lib."""
