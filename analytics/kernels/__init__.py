"""What all kernels are made of: how they compile, masks, hashes, indices, ids, days."""
