# Zips and rollbacks.
mock_provider "google" {
  override_during = plan
}

variables {
  environment   = "dev"
  max_instances = 3
  project_id    = "daybias-test"
  region        = "us-east4"
}

run "a_function_runs_the_zip_that_its_hash_names" {
  command = plan

  assert {
    condition     = output.bundles["sync_alpaca"] == "sync-alpaca/${filesha256("../dist/sync_alpaca.zip")}.zip"
    error_message = "Found ${output.bundles["sync_alpaca"]}."
  }

  assert {
    condition     = length(output.bundles) == length(local.functions)
    error_message = "Every deployable has a zip."
  }
}

run "a_rollback_pins_one_function_and_leaves_the_others" {
  command = plan

  variables {
    pinned_bundles = { web = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
  }

  assert {
    condition     = output.bundles["web"] == "web/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.zip"
    error_message = "Found ${output.bundles["web"]}."
  }

  assert {
    condition     = output.bundles["api"] == "api/${filesha256("../dist/api.zip")}.zip"
    error_message = "Found ${output.bundles["api"]}."
  }
}

run "a_pin_of_an_unknown_function_is_refused" {
  command = plan

  variables {
    pinned_bundles = { sync-alpaca = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
  }

  expect_failures = [var.pinned_bundles]
}

run "a_short_hash_is_refused" {
  command = plan

  variables {
    pinned_bundles = { web = "sha256:1234" }
  }

  expect_failures = [var.pinned_bundles]
}
