"""Models: batches, families of networks, pretrained checkpoints and the model folder."""
