"""What fine-tuning minimises, one file per objective.

A module here has `objective(context)`, and may have `penalty(context)` and `mask(context)`; see
`lib.training.objectives.interface`. A mode names it (`lib.training.modes`); the training loop is never touched.
"""
