"""Published studies, run again: each is one batched, differentiable computation."""
