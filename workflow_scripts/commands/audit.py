"""Verify a finished run from its files alone; nothing is trained.

python -m workflow_scripts.commands.audit --configfile demo/config.yaml [--deep]

Writes results/{run}/audit.{md,json}; ends with status 1 if anything is not as it should be.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from lib.files import atomic
from workflow_scripts.audit import checks, settings
from workflow_scripts.audit.run import Run
from workflow_scripts.commands.command_line import arguments
from workflow_scripts.commands.lines import tell
from workflow_scripts.configuration.benchmark import ConfigurationError, load, read_effective

ROOT = Path(__file__).resolve().parents[2]


def audit(config: Mapping[str, object], *, deep: bool = False, project: Path = ROOT) -> list[checks.Outcome]:
    """All checks of the run of an effective configuration, below the working directory; its reports are written.

    deep: compute a sample of task vectors and evaluations again, too.
    """
    run = Run(load(config, look=False), Path(), project)
    found = list(checks.outcomes(run, wanted(config, deep=deep)))
    atomic.write_json(f"{run.files.run}/audit.json", checks.as_json(run, found))
    atomic.write_text(f"{run.files.run}/audit.md", checks.as_markdown(run, found))
    return found


def wanted(config: Mapping[str, object], *, deep: bool) -> dict[str, checks.Check]:
    """Every check by its name. deep: with those that compute again."""
    found = {"the configuration is the run's": partial(settings.configuration, effective=config), **checks.CHECKS}
    if deep:
        from workflow_scripts.audit import deep as again

        found |= {"task vectors from weights": again.task_vectors, "accuracies from weights": again.evaluations}
        found |= {"cosines and norms from task vectors": again.similarities}
    return found


def status(found: Iterable[checks.Outcome]) -> int:
    """What the command ends with: 1 if a check found a fault."""
    return int(any(outcome.faults for outcome in found))


def main() -> None:
    """Audit the run of the configuration that the command line names, and print the report."""
    parser = arguments("Verify a finished run from its files.")
    parser.add_argument("--deep", action="store_true", help="compute a sample again from weights")
    parsed = parser.parse_args()
    try:
        config = read_effective([parsed.configfile])
        folder = Path(f"results/{load(config, look=False).run}")
        if not folder.is_dir():
            sys.exit(f"there is no run at {folder}; run it first: snakemake --configfile {parsed.configfile}")
        found = audit(config, deep=parsed.deep)
    except ConfigurationError as error:
        sys.exit(str(error))
    tell((folder / "audit.md").read_text(), end="")
    sys.exit(status(found))


if __name__ == "__main__":
    main()
