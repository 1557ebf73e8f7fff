"""Forget a task: theta_0 - alpha tau, evaluated on that task and on the control; + after gradient ascent.

After `make demo`:
    python -m examples.negate
After a run of config.yaml, to forget MNIST in the ViT-L/14 of the papers while ImageNet stays:
    python -m examples.negate --run results/paper --model ViT-L-14 --tasks MNIST --control ImageNet
"""

from examples.common import Run, arguments


def main(words: list[str] | None = None) -> None:
    parser = arguments("Subtract task vectors.", tasks=["Digits"], alpha=0.5)
    parser.add_argument("--control", default="Objects")
    parsed = parser.parse_args(words)
    run = Run(parsed)
    for task in parsed.tasks:
        run.compare(run.mode.forgetting * run.tau(task), parsed.alpha, [task, parsed.control])


if __name__ == "__main__":
    main()
