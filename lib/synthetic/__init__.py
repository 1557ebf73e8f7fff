"""Synthetic tasks: small images of named things, drawn by code from a seed."""
