"""The embedded world: small images of named things, drawn by code from a seed."""
