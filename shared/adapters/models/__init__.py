"""Language models behind their makers' SDKs, or behind any server that speaks as one of them."""
