locals {
  # Written by `make golden` from shared/domain/collections, so no query is without its index.
  _indexes = jsondecode(file("${path.module}/firestore.indexes.json"))

  composite_indexes = {
    for index in local._indexes.indexes :
    join(" ", concat([index.collectionGroup, index.queryScope], [
      for field in index.fields : "${field.fieldPath}:${lookup(field, "order", "")}"
    ])) => index
  }

  field_overrides = {
    for override in lookup(local._indexes, "fieldOverrides", []) :
    "${override.collectionGroup} ${override.fieldPath}" => override
  }
}

resource "google_firestore_database" "documents" {
  name                              = var.database
  location_id                       = var.region
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC"
  app_engine_integration_mode       = "DISABLED"
  delete_protection_state           = "DELETE_PROTECTION_ENABLED"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"

  depends_on = [google_project_service.services]
}

resource "google_firestore_index" "composite" {
  for_each = local.composite_indexes

  database    = google_firestore_database.documents.name
  collection  = each.value.collectionGroup
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = each.value.fields

    content {
      field_path = fields.value.fieldPath
      order      = fields.value.order
    }
  }
}

resource "google_firestore_field" "override" {
  for_each = local.field_overrides

  database   = google_firestore_database.documents.name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes

      content {
        order       = indexes.value.order
        query_scope = indexes.value.queryScope
      }
    }
  }
}
