"""The embedded world: small pictures of named things, drawn by code from a seed."""
