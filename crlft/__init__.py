"""C-RLFT: class-conditioned, reward-weighted fine-tuning of causal language models."""
