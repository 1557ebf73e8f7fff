"""How lazy a mode's fine-tuning was: how far parameters, features and kernel moved, on held-out images of each task."""

from collections.abc import Mapping
from pathlib import Path

from lib.data import prepared
from lib.data.points import drawn_rows
from lib.files import rows
from lib.kernels.laziness import laziness
from lib.parameters import matching
from lib.precision import exact_products
from workflow_scripts.editing.identity import identity_of
from workflow_scripts.job import adapter
from workflow_scripts.kernels.tower import Tower, open_tower, with_bar


def main(
    tower: Tower,
    thetas: Mapping[str, Path],
    heads: Mapping[str, Path],
    data: Mapping[str, Path],
    table: Path,
    *,
    trains: list[str],
    points: int,
    logits: int | None,
    seed: int,
    memory_mib: float,
    identity: Mapping[str, object],
) -> None:
    """Write task, parameters, features, kernel, n to `table`, a row per task.

    features: of the model that was trained, which for a tangent mode is f_lin. kernel: of the network's logits, by the
    parameters that the mode trains, whatever was trained; a tangent model's own kernel cannot move.
    """
    trained, model = matching(tower.theta_0, trains), tower.encoder.model_at(tower.theta_0)
    found = []
    for task, theta in thetas.items():
        drawn = drawn_rows(len(prepared.read(data[task], "val")), points, seed)
        images = tower.images(data[task], "val", drawn)
        with exact_products(tower.device):
            moved = laziness(
                tower.logits(heads[task], logits),
                tower.theta_0,
                tower.theta(theta),
                tower.encoder.normalised(images),
                features=lambda theta, x, images=images: model(theta, images),
                trained=trained,
                memory_mib=memory_mib,
                progress=with_bar(task),
            )
        found.append({**identity, "task": task, **vars(moved), "n": len(drawn)})
    rows.write(table, found)


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, inputs = snakemake.params, snakemake.input
        tasks = params.tasks
        folders = [Path(path).parent for path in inputs.splits]
        main(
            open_tower(snakemake),
            dict(zip(tasks, map(Path, inputs.thetas), strict=True)),
            dict(zip(tasks, map(Path, inputs.heads), strict=True)),
            dict(zip(tasks, folders, strict=True)),
            Path(snakemake.output.laziness),
            trains=params.trains,
            **params.drawn,
            memory_mib=params.memory_mib,
            identity=identity_of(snakemake),
        )
