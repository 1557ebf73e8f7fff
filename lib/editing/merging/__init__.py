"""How task vectors become one, one file per rule.

A module here has `merge(taus, statistics, settings)`; see `lib.editing.merging.interface`. `lib.editing.merging_rules`
names it, with its grid of alphas.
"""
