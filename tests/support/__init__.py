"""What several tests use: definitions, batches, layers beside Keras, files, processes."""
