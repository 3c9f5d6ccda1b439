"""Training: objectives, the loop, checkpoints, the pre-flight and the probes."""
