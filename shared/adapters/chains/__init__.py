"""Where the links of the forecasts' chain are kept: a folder of files, a bucket."""
