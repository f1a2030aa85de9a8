"""The journal over HTTP: what it holds, what traders say of it, files in and out."""
