"""Write the node that ran the job and the GPUs that it was given."""

import os
import time
from pathlib import Path


def main(output: str, seconds: float) -> None:
    time.sleep(seconds)
    node, gpus = os.environ.get("SLURMD_NODENAME", "none"), os.environ.get("CUDA_VISIBLE_DEVICES", "none")
    Path(output).write_text(f"node={node} gpus={gpus}\n")


if __name__ == "__main__":
    main(snakemake.output[0], snakemake.params.seconds)
