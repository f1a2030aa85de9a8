output "bundle" {
  description = "Name of the zip's object; it holds the zip's SHA-256, by which a rollback pins it."
  value       = local.object_name
}

output "environment" {
  description = "What its instances are told; no secret is ever among it."
  value       = google_cloudfunctions2_function.function.service_config[0].environment_variables
}

output "invokers" {
  description = "IAM members that may call the function, as they were granted."
  value       = [for grant in google_cloud_run_v2_service_iam_member.invoker : grant.member]
}

output "member" {
  description = "The function's service account as an IAM member."
  value       = "serviceAccount:${google_service_account.function.email}"
}

output "name" {
  description = "Name of the function."
  value       = google_cloudfunctions2_function.function.name
}

output "uri" {
  description = "The run.app address, which is also the audience of tokens for it."
  value       = google_cloudfunctions2_function.function.service_config[0].uri
}

output "vpc_connector" {
  description = "The connector through which it reaches private addresses; null where it has none."
  value       = google_cloudfunctions2_function.function.service_config[0].vpc_connector
}
