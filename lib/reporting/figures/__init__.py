"""The papers' figures, one file per kind."""
