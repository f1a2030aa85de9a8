resource "google_service_account" "function" {
  account_id   = "fn-${var.name}"
  display_name = "Function ${var.name}"
}

resource "google_cloudfunctions2_function" "function" {
  name     = var.name
  location = var.region
  labels   = var.labels

  build_config {
    runtime           = "python311"
    entry_point       = "handle"
    docker_repository = var.build_repository
    service_account   = var.build_service_account

    source {
      storage_source {
        bucket = var.bundle.bucket
        # Through the resource where there is one: the zip must be there before the build.
        object = try(google_storage_bucket_object.bundle[0].name, local.object_name)
      }
    }
  }

  service_config {
    available_cpu                    = "1" # below one CPU the platform serves one request at a time
    available_memory                 = var.memory
    all_traffic_on_latest_revision   = true
    environment_variables            = var.environment_variables
    ingress_settings                 = "ALLOW_INTERNAL_ONLY" # Scheduler and Pub/Sub of this project count as internal
    max_instance_count               = var.max_instances
    max_instance_request_concurrency = var.concurrency
    min_instance_count               = 0
    service_account_email            = google_service_account.function.email
    timeout_seconds                  = var.timeout_s
    vpc_connector                    = var.vpc_connector
    vpc_connector_egress_settings    = var.vpc_connector == null ? null : "PRIVATE_RANGES_ONLY"
  }
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = var.invokers

  name     = google_cloudfunctions2_function.function.name
  location = google_cloudfunctions2_function.function.location
  role     = "roles/run.invoker"
  member   = "serviceAccount:${each.value}"
}
