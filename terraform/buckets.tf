# The zips that were deployed, each under its SHA-256.
resource "google_storage_bucket" "artifacts" {
  name                        = "${var.project_id}-artifacts"
  location                    = upper(var.region)
  labels                      = local.labels
  public_access_prevention    = "enforced"
  uniform_bucket_level_access = true

  depends_on = [google_project_service.services]
}

# The hash chain of the forecasts of record, kept where we cannot rewrite it: `bias` may create objects
# and `score_bias` read them (iam.tf), and what is there stays as it is until its retention has run out.
resource "google_storage_bucket" "forecast_chain" {
  name                        = "${var.project_id}-forecast-chain"
  location                    = upper(var.region)
  labels                      = local.labels
  public_access_prevention    = "enforced"
  uniform_bucket_level_access = true

  retention_policy {
    is_locked        = var.forecast_chain.locked
    retention_period = tostring(var.forecast_chain.retention_days * 24 * 60 * 60)
  }

  depends_on = [google_project_service.services]
}
