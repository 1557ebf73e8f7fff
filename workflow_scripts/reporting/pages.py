"""Tables and findings as HTML pages, for the report and for a browser."""

from collections.abc import Mapping
from pathlib import Path

from lib.files import atomic, own_files
from lib.reporting.pages import page
from workflow_scripts.job import adapter


def main(pages: Mapping[str, str]) -> None:
    """Write each page. pages: Markdown file -> page. Raises OwnFileError."""
    texts = {text: own_files.read_text(text, "Markdown") for text in pages}
    for text, file in pages.items():
        atomic.write_text(file, page(texts[text], title=Path(file).stem.replace("_", " ")))


if __name__ == "__main__":
    with adapter.job(snakemake):
        main(dict(zip(snakemake.input.texts, snakemake.output.pages, strict=True)))
