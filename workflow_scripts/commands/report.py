"""A finished run as one file for a browser: Snakemake's report.

python -m workflow_scripts.commands.report --configfile demo/config.yaml

Writes results/{run}/report.html, which opens without a network: findings, tables, figures, configuration, the graph of
the rules and run times. What is in it is marked in the rules (`shown` in rules/common.smk); captions are in report/.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from lib.files import atomic
from workflow_scripts.commands.command_line import arguments
from workflow_scripts.commands.finished_run import RunError
from workflow_scripts.commands.why import planned
from workflow_scripts.configuration.benchmark import ConfigurationError, load, read_effective
from workflow_scripts.layout import Layout

ROOT = Path(__file__).resolve().parents[2]


def write(configfile: Path, folder: Path, *, project: Path = ROOT) -> Path:
    """Write the report of the run of a configuration below `folder`.

    Raises ConfigurationError for a wrong configuration, RunError for a run that is not finished.
    """
    layout = Layout.of(load(read_effective([configfile]), look=False).run)
    _require_finished(configfile, folder, layout, project)
    with atomic.whole(folder / layout.report) as temporary:
        words = [
            "--snakefile",
            project / "Snakefile",
            "--directory",
            folder.resolve(),
            "--configfile",
            configfile.resolve(),
        ]
        look = ["--report-stylesheet", project.resolve() / "report/style.css"]
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *words, "--report", temporary.resolve(), *look],
            cwd=project,
            text=True,
            capture_output=True,
        )
        if done.returncode:
            raise RunError(f"Snakemake made no report: {(done.stderr or done.stdout)[-2000:]}")
    return folder / layout.report


def _require_finished(configfile: Path, folder: Path, layout: Layout, project: Path) -> None:
    jobs, everything = planned(project / "Snakefile", configfile, folder)
    if jobs:
        rules = ", ".join(f"{rule} {count}" for rule, count in sorted(Counter(job.rule for job in jobs).items()))
        raise RunError(
            f"{layout.run} is not finished: {len(jobs)} of {everything} jobs would run ({rules}), expected none; "
            f"run them first: snakemake --cores all --configfile {configfile}"
        )


def main() -> None:
    """Write the report of the run of the configuration that the command line names, and say where it is."""
    configfile = arguments("Write a finished run's report.").parse_args().configfile
    try:
        print(f"Report: {write(configfile, Path())}", flush=True)
    except (ConfigurationError, RunError, RuntimeError) as error:
        sys.exit(str(error))
    os._exit(0)  # Snakemake's dry run leaves threads behind


if __name__ == "__main__":
    main()
