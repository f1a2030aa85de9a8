# Google builds an image from each zip; the build runs as this account, not as the project's default.
resource "google_service_account" "builder" {
  account_id   = "daybias-builder"
  display_name = "Builds the functions' images"
}

resource "google_artifact_registry_repository" "functions" {
  repository_id = "daybias-functions"
  description   = "Images that Cloud Build makes of the functions' zips"
  format        = "DOCKER"
  location      = var.region
  labels        = local.labels

  depends_on = [google_project_service.services]
}

module "function" {
  source   = "./modules/function"
  for_each = local.functions

  bundle = {
    bucket        = google_storage_bucket.artifacts.name
    path          = "${path.root}/../dist/${each.key}.zip"
    pinned_sha256 = lookup(var.pinned_bundles, each.key, null)
  }
  build_repository      = google_artifact_registry_repository.functions.id
  build_service_account = google_service_account.builder.id
  concurrency           = each.value.concurrency
  environment_variables = merge(
    {
      DAYBIAS_CBOE         = var.cboe
      DAYBIAS_CHAIN_BUCKET = google_storage_bucket.forecast_chain.name
      DAYBIAS_DATABASE     = google_firestore_database.documents.name
      DAYBIAS_FOREXFACTORY = var.forexfactory
      DAYBIAS_LOG_LEVEL    = var.log_level
      DAYBIAS_PROFILE      = "cloud"
      DAYBIAS_PROJECT      = var.project_id
      DAYBIAS_QDRANT_URL   = var.qdrant_url
      LOG_EXECUTION_ID     = "true"
    },
    # what all instances share that ask Gemini, or how many they are without it: one refresh_market runs at a time
    contains(local.ask_gemini, each.key) ? { DAYBIAS_MODEL_INSTANCES = var.max_instances + 1 } : {},
    contains(local.ask_gemini, each.key) && var.redis != null ? { DAYBIAS_REDIS_URL = try(var.redis.url, "") } : {},
  )
  invokers      = { for caller in each.value.called_by : caller => local.callers[caller] }
  labels        = local.labels
  max_instances = var.max_instances
  memory        = each.value.memory
  name          = replace(each.key, "_", "-")
  region        = var.region
  timeout_s     = each.value.timeout_s
  vpc_connector = contains(local.ask_gemini, each.key) ? try(var.redis.vpc_connector, null) : null

  # A build that starts before its account has its rights fails.
  depends_on = [
    google_artifact_registry_repository_iam_member.builder,
    google_project_iam_member.builder_logs,
    google_project_iam_member.builder_sources,
    google_project_service.services,
  ]
}
