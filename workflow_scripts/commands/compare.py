"""Say where two finished runs differ, by how much, and why: which inputs, code, values, packages and machines.

python -m workflow_scripts.commands.compare results/demo other/results/demo

Ends with status 0 if the results are equal, 1 if they differ, 2 if a folder holds no finished run. How cells and files
are compared is told in `compared_tables` and `compared_files`, where the runs part in `compared_records`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from lib.files.own_files import OwnFileError
from lib.provenance.records import RecordError
from workflow_scripts.commands import compared_records as records
from workflow_scripts.commands.compared_files import differences, files
from workflow_scripts.commands.compared_tables import Tables, cells, rows_of_one, summary
from workflow_scripts.commands.lines import tell

SHOWN = 5  # jobs of one rule that part for one reason


def report(first: Path, second: Path, told: Sequence[str]) -> Iterator[str]:
    """The whole answer, line by line. told: the lines of `compared_files.differences`."""
    yield f"{first} -> {second}"
    yield from _tables(Tables(first), Tables(second))
    try:
        jobs = records.read(first), records.read(second)
    except RecordError as error:
        yield f"\nWhy is unknown: {error}"
    else:
        yield from _partings(records.partings(*jobs))
        yield from _recorded(*jobs)
    yield f"\n{len(told)} of {len(files(first))} files of results differ" + (":" if told else "")
    yield from (f"  {line}" for line in told)


def _tables(first: Tables, second: Tables) -> Iterator[str]:
    found = list(cells(first, second))
    yield f"\n{summary(found)}" + (":" if found else "")
    yield from (f"  {cell}" for cell in found)
    yield from (f"  {table}: {count} rows only in {run}" for table, run, count in rows_of_one(first, second))
    if any(cell.within is not None for cell in found):
        yield "  (normal 95 % interval of the difference of two proportions, from the numbers of images)"


def _partings(found: list[records.Parting]) -> Iterator[str]:
    """Where the runs part; jobs of one rule and one reason together."""
    if not found:
        yield "\nNo file differs that was made from equal files by equal code and values."
        return
    yield "\nFirst files that differ although all that they were made from is equal (here the machine matters):"

    def reason(parting: records.Parting) -> tuple[str, tuple[str, ...]]:
        return parting.record.rule, parting.besides

    firsts = list(dict.fromkeys(map(reason, found)))
    for _, alike in groupby(sorted(found, key=lambda parting: firsts.index(reason(parting))), reason):
        jobs = list(alike)
        yield from (f"  {parting}" for parting in jobs[:SHOWN])
        if len(jobs) > SHOWN:
            yield f"  and {len(jobs) - SHOWN} more jobs of rule {jobs[0].record.rule}"


def _recorded(first: records.Jobs, second: records.Jobs) -> Iterator[str]:
    nothing = True
    for kind, found in records.differences(first, second):
        nothing = False
        yield f"\n{kind}:"
        yield from (f"  {words} ({count} {'job' if count == 1 else 'jobs'})" for words, count in found.items())
    if nothing:
        yield "\nInputs, code, values, packages and machine are the same in all records."


def main() -> int:
    """Print the answer for the two runs that the command line names; the status to end with."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("runs", nargs=2, type=Path, metavar="RUN", help="the folder of a finished run: results/demo")
    first, second = parser.parse_args().runs
    try:
        told = list(differences(first, second))
    except (FileNotFoundError, OwnFileError) as error:
        print(error, file=sys.stderr)
        return 2
    tell("\n".join(report(first, second, told)))
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
