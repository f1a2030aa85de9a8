# What each function may do, from locals.tf; who may call it is in modules/function. Every grant but
# Firestore's is on the one resource, and Firestore's carries a condition that names the database.
locals {
  # Neither can replace or delete an object, and under retention not even an administrator can.
  _chain_roles = { create = "roles/storage.objectCreator", read = "roles/storage.objectViewer" }
  _on_the_chain = merge([
    for name, function in local.functions :
    { for right in try(function.forecast_chain, []) : "${name} ${right}" => { function = name, right = right } }
  ]...)

  _publishes = merge([
    for name, function in local.functions :
    { for topic in function.publishes : "${name} ${topic}" => { function = name, topic = topic } }
  ]...)

  _reads_secrets = merge([
    for name, function in local.functions :
    { for secret in function.reads_secrets : "${name} ${secret}" => { function = name, secret = secret } }
  ]...)
}

resource "google_project_iam_member" "documents" {
  for_each = toset([for name, function in local.functions : name if function.documents])

  project = var.project_id
  role    = "roles/datastore.user"
  member  = module.function[each.key].member

  condition {
    title      = "only-${var.database}"
    expression = "resource.name == 'projects/${var.project_id}/databases/${var.database}'"
  }
}

resource "google_storage_bucket_iam_member" "forecast_chain" {
  for_each = local._on_the_chain

  bucket = google_storage_bucket.forecast_chain.name
  role   = local._chain_roles[each.value.right]
  member = module.function[each.value.function].member
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = local._publishes

  topic  = google_pubsub_topic.topics[each.value.topic].name
  role   = "roles/pubsub.publisher"
  member = module.function[each.value.function].member
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = local._reads_secrets

  secret_id = google_secret_manager_secret.secrets[each.value.secret].id
  role      = "roles/secretmanager.secretAccessor"
  member    = module.function[each.value.function].member
}

# The builder reads the uploaded sources, writes images to its one repository, and writes its log.
resource "google_artifact_registry_repository_iam_member" "builder" {
  repository = google_artifact_registry_repository.functions.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = "serviceAccount:${google_service_account.builder.email}"
}

resource "google_project_iam_member" "builder_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = "serviceAccount:${google_service_account.builder.email}"
}

# Google copies a zip into a bucket of its own making before the build, hence no bucket to bind to.
resource "google_project_iam_member" "builder_sources" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = "serviceAccount:${google_service_account.builder.email}"

  condition {
    title      = "only-function-sources"
    expression = "resource.name.startsWith('projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}')"
  }
}
