"""FastAPI app factories, push envelopes, problem details, the ASGI delegate."""
