locals {
  # Zips are byte-identical for equal content, so a new name means new code and nothing else does.
  _sha256     = var.bundle.pinned_sha256 != null ? var.bundle.pinned_sha256 : filesha256(var.bundle.path)
  object_name = "${var.name}/${local._sha256}.zip"
}

resource "google_storage_bucket_object" "bundle" {
  count = var.bundle.pinned_sha256 == null ? 1 : 0

  bucket          = var.bundle.bucket
  name            = local.object_name
  source          = var.bundle.path
  content_type    = "application/zip"
  deletion_policy = "ABANDON" # older zips stay, so that a rollback can pin one
}
