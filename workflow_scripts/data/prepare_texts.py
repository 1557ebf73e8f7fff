"""Prepare one task of texts: read its source, split it, store tokens and a manifest."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from lib.data import preparing, tokens
from lib.data.opening import open_task
from lib.files import atomic
from workflow_scripts.data.prepare import _all_or_nothing, _fit_and_validation, place
from workflow_scripts.job import adapter
from workflow_scripts.models.text_files import TOKENIZER, local_file


def main(
    folder: Path,
    *,
    name: str,
    reading: Mapping[str, object],
    root: Path,
    options: Mapping[str, object],
    split: Mapping[str, object] | None,
    parts: Sequence[str],
    texts: Mapping[str, object],
    tokenizer: Path,
) -> None:
    """Write the files that `workflow_scripts.data.prepare` writes, with tokens in the place of pixels.

    texts: of the configuration, with the tokenizer's digest and `pad`, the id of padding. The manifest says how many
    texts fill their length. Raises DataError for a source that is absent or damaged, TokenError for a tokenizer that is
    none.
    """
    raw = open_task(reading, root=root, options=options)
    fit, val = _fit_and_validation(raw, split)
    known = {"fit": (raw.train, fit), "val": (raw.val or raw.train, val), "test": (raw.test, np.arange(len(raw.test)))}
    stored = _Counted(_tokens(raw.templates, texts, tokenizer), texts["length"])
    with _all_or_nothing(folder):
        entries = {}
        for part in parts:
            rows_of, rows = known[part]
            bar = partial(adapter.progress, total=len(rows), what=f"{name} {part}", unit="text")
            entries[part] = preparing.write(folder, part, rows_of, rows, crop=stored, progress=bar)
            atomic.write_json(folder / f"{part}.json", entries[part])
        classes = {"class_names": list(raw.class_names), "templates": list(raw.templates)}
        atomic.write_json(folder / "classes.json", classes)
        manifest = {
            "task": name,
            **classes,
            "splits": entries,
            "split_rule": dict(split) if raw.val is None else "the source's own validation split",
            "tokens": {**texts, "texts": stored.seen, "full_length": stored.full},
            "source": dict(raw.origin),
            "deviations": list(raw.deviations),
        }
        atomic.write_json(folder / "manifest.json", manifest)


def _tokens(templates: Sequence[str], texts: Mapping[str, object], tokenizer: Path) -> Callable[[str], np.ndarray]:
    """What stores a text: alone, or in the task's one template."""
    if texts["prompts"] == "of_classes":
        return tokens.tokenizer(tokenizer, length=texts["length"], pad=texts["pad"])
    (template,) = templates
    return tokens.prompted(tokenizer, template, length=texts["length"], pad=texts["pad"])


class _Counted:
    """Stores texts, and counts those that fill their length: the end of some of these is lost."""

    def __init__(self, stored: Callable[[str], np.ndarray], length: int):
        self.stored, self.length, self.seen, self.full = stored, length, 0, 0

    def __call__(self, text: str) -> np.ndarray:
        found = self.stored(text)
        self.seen += 1
        self.full += int(found[..., 2].sum() == self.length)
        return found


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        main(
            Path(snakemake.output.manifest).parent,
            name=params.name,
            reading=params.reading,
            root=place(snakemake.config, params.name),
            options=params.options,
            split=params.split,
            parts=params.parts,
            texts=params.tokens,
            tokenizer=local_file(snakemake.config["models"][0]["weights"], TOKENIZER),
        )
