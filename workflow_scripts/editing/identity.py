"""Whose rows a job writes. Apart from what imports torch: some jobs have no need of it."""

from __future__ import annotations


def identity_of(snakemake, **more) -> dict[str, object]:
    """The columns that say whose rows these are."""
    wildcards = snakemake.wildcards
    return {"model": wildcards.model, "seed": int(wildcards.seed), "mode": wildcards.mode, **more}
