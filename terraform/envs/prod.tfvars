environment    = "prod"
forecast_chain = { locked = true, retention_days = 3650 }
max_instances  = 20
project_id     = "daybias-prod"
region         = "us-east4"
