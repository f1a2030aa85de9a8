"""The bundled sentence model: its tokenizer lies here, its weights in a package of their own."""
