"""Task arithmetic in the tangent space: the field's ideas as functions of tensors and numbers."""
