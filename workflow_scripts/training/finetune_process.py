"""One of several processes that fine-tune one model together; torchrun starts it with a file of arguments.

python -m torch.distributed.run --nproc-per-node 2 -m workflow_scripts.training.finetune_process arguments.json
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from lib.files.own_files import read_json
from workflow_scripts.job import adapter, processes
from workflow_scripts.training import finetune

PATHS = ("theta_0", "head", "data", "theta", "training_log", "state")


def main(file: Path) -> None:
    """Call `finetune.main` with the arguments in the file; stop as on SIGTERM when the process that waits says so."""
    arguments = read_json(file, ("log", "parent", *PATHS))
    log, parent = (arguments.pop(key) for key in ("log", "parent"))
    if os.environ["RANK"] == "0":
        adapter.log_to(Path(log))
    adapter.keep_memory()
    paths = {key: Path(arguments.pop(key)) for key in PATHS}
    finetune.main(**paths, **arguments, stop=lambda: processes.stop_wanted(file, parent))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except Exception as error:
        adapter.logger.error("%s", traceback.format_exc())
        processes.report(Path(sys.argv[1]), error)
        sys.exit(1)
