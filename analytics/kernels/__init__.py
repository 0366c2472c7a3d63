"""What all kernels build on: compilation, masks, hashes, indices, ids, days."""
