"""Note when the job ran and in which Slurm job; fail the first time if so told."""

import os
import sys
import time
from pathlib import Path


def main(output: str, events: Path, seconds: float, fail_at_first: bool) -> None:
    events.parent.mkdir(parents=True, exist_ok=True)
    first, begun = not events.exists(), time.time()
    time.sleep(seconds)
    with events.open("a") as file:  # no output: it outlives a failed attempt
        file.write(f"{begun} {time.time()} {os.environ['SLURM_JOB_ID']}\n")
    if first and fail_at_first:
        sys.exit("told to fail")
    Path(output).write_text("done\n")


if __name__ == "__main__":
    params = snakemake.params
    Path(snakemake.log[0]).write_text("began\n")
    main(snakemake.output[0], Path(params.events), params.seconds, params.fail_at_first)
