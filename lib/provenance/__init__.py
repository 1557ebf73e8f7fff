"""What made a file: digests of code, packages, machine, commit."""
