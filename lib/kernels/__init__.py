"""The kernel view of fine-tuning: empirical NTKs, and what the papers do with them.

`ntk` and `descent_kernels` make kernels of any f(theta, x); `localization`, `regression`, `laziness` and
`wide_networks` work on kernels, and `image_towers` gives CLIP's image tower as such an f.
"""
