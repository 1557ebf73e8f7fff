"""Extract one task vector, tau = theta - theta_0."""

from pathlib import Path

from lib.editing.task_vector import TaskVector
from lib.files import checkpoints
from workflow_scripts.job import adapter


def main(theta_0: Path, theta: Path, tau: Path, *, state: Path) -> None:
    """Write tau under the names of theta_0. Reads numpy arrays: this job has no need of torch.

    state: of the training run; theta is accepted now, so it is removed.
    """
    vector = TaskVector.between(checkpoints.load(theta_0, framework="np"), checkpoints.load(theta, framework="np"))
    checkpoints.save(tau, vector, {"norm": repr(vector.norm())})
    state.unlink(missing_ok=True)


if __name__ == "__main__":
    with adapter.job(snakemake):
        main(
            Path(snakemake.input.theta_0),
            Path(snakemake.input.theta),
            Path(snakemake.output.tau),
            state=Path(snakemake.params.state),
        )
