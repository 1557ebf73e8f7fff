"""What is fine-tuned and edited: functions f(theta, inputs) of named tensors, one file per kind.

`image` chooses the kind of an image tower; `tangent` gives the same towers with their tangents. Jobs that need no
tangent never import a module whose name begins with `tangent`.
"""
