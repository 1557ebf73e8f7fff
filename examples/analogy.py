"""A is to B as C is to D: tau_C + (tau_B - tau_A), evaluated on D (Ilharco et al. 2023, Sec. 5).

After `make demo`; that digits are to street numbers as textures are to scenes shows the algebra and claims nothing:
    python -m examples.analogy
After a run of demo/all.yaml, that sketches are to photos of some things as they are to photos of others:
    python -m examples.analogy --run results/demo-all --tasks PhotosA SketchesA PhotosB SketchesB
After a run of config.yaml:
    python -m examples.analogy --run results/paper --model ViT-L-14 --tasks MNIST SVHN EuroSAT RESISC45
"""

from examples.common import Run, arguments
from lib.editing.analogies import analogy


def main(words: list[str] | None = None) -> None:
    names = ["Digits", "StreetNumbers", "Textures", "Scenes"]
    parser = arguments("Task analogies; --tasks takes A B C D.", tasks=names, alpha=0.5)
    parsed = parser.parse_args(words)
    if len(parsed.tasks) != 4:
        parser.error(f"--tasks needs four names, A B C D, got {len(parsed.tasks)}")
    run = Run(parsed)
    a, b, c = (run.tau(task) for task in parsed.tasks[:3])
    run.compare(analogy(a, b, c), parsed.alpha, parsed.tasks[3:])


if __name__ == "__main__":
    main()
