"""What a configuration's run would do again, and for which reason: which code, which value, which input.

python -m workflow_scripts.commands.why --configfile config.yaml

Asks Snakemake which jobs it would run, then holds each job's params against the record of its last run.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.commands.command_line import arguments
from workflow_scripts.commands.lines import differing, tell

ROOT = Path(__file__).resolve().parents[2]
TRIGGERS = ("mtime", "params", "input", "software-env")  # as in profiles/default/config.yaml


@dataclass(frozen=True)
class Planned:
    """A job that would run. causes: in words, none if it only follows from another job."""

    rule: str
    causes: tuple[str, ...]


def planned(snakefile: Path, configfile: Path, folder: Path) -> tuple[list[Planned], int]:
    """The jobs that Snakemake would run in `folder`, and the number of all jobs. Starts none.

    Raises RuntimeError with Snakemake's message if there is no plan, as for a wrong configuration.
    """
    from snakemake.api import SnakemakeApi
    from snakemake.settings.enums import Quietness, RerunTrigger
    from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings

    messages = io.StringIO()
    silent = OutputSettings(dryrun=True, quiet={Quietness.ALL})
    with contextlib.redirect_stderr(messages), contextlib.redirect_stdout(messages), SnakemakeApi(silent) as api:
        try:
            workflow = api.workflow(
                resource_settings=ResourceSettings(),
                config_settings=ConfigSettings(configfiles=[configfile.resolve()]),
                snakefile=snakefile,
                workdir=folder,
            )
            triggers = frozenset(RerunTrigger.parse_choice(name) for name in TRIGGERS)
            workflow.dag(DAGSettings(rerun_triggers=triggers)).execute_workflow(executor="dryrun")
        except Exception as error:
            raise RuntimeError(str(error) or messages.getvalue().strip()) from error
        dag = workflow._workflow.dag  # Snakemake has no public way to ask for reasons
        jobs = [job for job in dag.needrun_jobs(exclude_finished=False) if not job.rule.norun]
        everything = sum(not job.rule.norun for job in dag.jobs)
        return [Planned(job.rule.name, tuple(_causes(job, dag.reason(job)))) for job in jobs], everything


def explain(jobs: Sequence[Planned], everything: int) -> Iterator[str]:
    """Lines for people: jobs with reasons of their own by rule and reasons, then those that follow from them."""
    yield f"{len(jobs)} of {everything} jobs would run."
    own = Counter(job for job in jobs if job.causes)
    for job, count in own.items():
        yield f"\n{job.rule}: {count} {'job' if count == 1 else 'jobs'}"
        yield from (f"  - {cause}" for cause in job.causes)
    following = Counter(job.rule for job in jobs if not job.causes)
    if following:
        yield "\nbecause of those: " + ", ".join(f"{rule} {count}" for rule, count in following.items())


def _causes(job, reason) -> Iterator[str]:
    """The reasons of a job's own, in words."""
    if not any(Path(path).exists() for path in job.output):
        yield "never made"
        return
    if reason.missing_output:
        yield f"missing: {_some(reason.missing_output)}"
    if reason.forced:
        yield "forced"
    if reason.updated_input:
        yield f"other content: {_some(reason.updated_input)}"
    if reason.params_changed:
        yield from _params(job)
    if reason.input_changed:
        yield "another list of inputs"
    if reason.software_stack_changed:
        yield "another software environment (envs/environment.yaml)"
    if reason.no_metadata or reason.outdated_metadata:
        yield "Snakemake has no metadata of it (.snakemake is absent or older)"
    if getattr(reason, "incomplete_output", None):
        yield f"left incomplete: {_some(reason.incomplete_output)}"


def _params(job) -> Iterator[str]:
    """How a job's params differ from those in the record of its last run."""
    try:
        then = json.loads(Path(job.output.provenance).read_text())["params"]
    except (OSError, ValueError, KeyError):
        yield f"params changed, and {job.output.provenance} is absent or broken, so no more is known"
        return
    now = json.loads(json.dumps(dict(job.params), default=str))
    yield from _code(then.pop("code", {}), now.pop("code", {}))
    yield from (f"value: {words}" for words in differing(then, now))


def _code(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(then.keys() | now.keys()):
        if then.get(name) != now.get(name):
            state = "is new" if name not in then else "is gone" if name not in now else "changed"
            what = "code" if name.endswith(".py") else "package"
            versions = f": {then.get(name, '-')} -> {now.get(name, '-')}" if what == "package" else ""
            yield f"{what}: {name} {state}{versions}"


def _some(paths: Iterable[str]) -> str:
    names = sorted(map(str, paths))
    return f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}"


def main() -> None:
    """Print the explanation of the configuration that the command line names."""
    configfile = arguments("Say what would run again, and why.").parse_args().configfile
    try:
        jobs, everything = planned(ROOT / "Snakefile", configfile, Path.cwd())
    except RuntimeError as error:
        sys.exit(str(error))
    tell("\n".join(explain(jobs, everything)))
    os._exit(0)  # Snakemake's dry run leaves threads behind


if __name__ == "__main__":
    main()
