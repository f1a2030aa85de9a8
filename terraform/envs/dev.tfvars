environment   = "dev"
log_level     = "DEBUG"
max_instances = 3
project_id    = "daybias-dev"
region        = "us-east4"
