"""Speaker embeddings, and the encoder that makes them."""
