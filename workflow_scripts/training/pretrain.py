"""Pre-train the demo's CLIP on synthetic images: architecture and merges in, weights and a log out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from open_clip.tokenizer import SimpleTokenizer

from lib.files import atomic, checkpoints
from lib.synthetic.captioned import Captioned, draw_captioned, joined
from lib.training.contrastive import LogRow, Recipe, build, pretrain
from workflow_scripts.job import adapter

_CHUNK = 2000


def main(
    architecture: Path,
    merges: Path,
    clip: Path,
    log: Path,
    state: Path,
    *,
    images: int,
    recipe: Mapping[str, float],
    bfloat16: bool,
    threads: int,
) -> None:
    """Write the whole CLIP's state dict to `clip` and the log to `log`; with the file `state` a killed run goes on.

    recipe: the fields of `lib.training.contrastive.Recipe`. images: how many are made, before the first step; they are
    kept beside `state` until the run ends.
    """
    torch.set_num_threads(1)
    config = json.loads(architecture.read_text())
    tokenizer = SimpleTokenizer(bpe_path=str(merges), context_length=config["text_cfg"]["context_length"])
    settings = Recipe(**recipe)
    model = build(config, settings.seed)
    store = state.with_suffix(".npz")
    rows = pretrain(
        model,
        tokenizer,
        _images(store, settings.seed, images, threads),
        settings,
        state=state,
        threads=threads,
        bfloat16=bfloat16,
        on_row=_reporter(settings.steps),
    )
    checkpoints.save(clip, model.state_dict(), {"images": str(images), "recipe": json.dumps(dict(recipe))})
    with atomic.whole(log) as temporary:
        pd.DataFrame(map(asdict, rows)).round(6).to_csv(temporary, index=False)
    for finished in (store, state):
        finished.unlink()


def _images(store: Path, seed: int, n: int, workers: int) -> Captioned:
    """The first n images of the seed, from the store if it holds as many."""
    if store.exists():
        with np.load(store) as known:
            if len(known["labels"]) == n:
                return Captioned(**known)
    starts = range(0, n, _CHUNK)
    with ProcessPoolExecutor(workers) as pool:
        parts = pool.map(draw_captioned, [seed] * len(starts), starts, [min(n, start + _CHUNK) for start in starts])
        steps = adapter.progress(parts, total=len(starts), what="drawing", unit=f"{_CHUNK} images")
        drawn = joined(list(steps))
    with atomic.whole(store) as temporary:
        np.savez(temporary, **{column.name: getattr(drawn, column.name) for column in fields(drawn)})
    return drawn


def _reporter(steps: int) -> Callable[[LogRow], None]:
    def report(row: LogRow) -> None:
        adapter.logger.info("step %d of %d, loss %.3f, right %.3f", row.step, steps, row.loss, row.correct)

    return report


if __name__ == "__main__":
    with adapter.job(snakemake):
        pretraining = snakemake.config["pretraining"]
        main(
            Path(pretraining["architecture"]),
            Path(pretraining["vocabulary"]),
            Path(snakemake.output.clip),
            Path(snakemake.output.log),
            Path(snakemake.params.state),
            images=snakemake.params.images,
            recipe=snakemake.params.recipe,
            bfloat16=snakemake.params.bfloat16,
            threads=snakemake.threads,
        )
