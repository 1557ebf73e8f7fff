"""Readers of data sets, one file per layout; `lib.data.datasets` says which data set is read by which."""
