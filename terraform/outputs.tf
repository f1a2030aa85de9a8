output "bundles" {
  description = "Function to the zip that it runs; note it before a deployment, a rollback pins it."
  value       = { for name, function in module.function : name => function.bundle }
}

output "forecast_chain_bucket" {
  description = "Bucket of the forecasts' hash chain."
  value       = google_storage_bucket.forecast_chain.name
}

output "function_uris" {
  description = "Function to its address; none answers without a token of one of its callers."
  value       = { for name, function in module.function : name => function.uri }
}

output "secrets" {
  description = "Secret shells that wait for a version."
  value       = { for name, secret in google_secret_manager_secret.secrets : name => secret.id }
}
