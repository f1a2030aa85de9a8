"""The only importable package of the product; a deployed zip carries the part that it reaches."""

VERSION = "0.1.0"
