"""Stage 1: run the methods on this machine. The only code that imports torch, vllm or transformers."""
