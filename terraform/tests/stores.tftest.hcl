# What is kept, for how long, and what differs between the environments. Each run plans everything anew, so
# what asks for the same variables stands in one.
mock_provider "google" {
  override_during = plan
}

variables {
  max_instances = 3
  project_id    = "daybias-test"
  region        = "us-east4"
}

run "a_plain_dev_is_whole_and_shut" {
  command = plan

  variables {
    environment = "dev"
  }

  # Dev may be torn down
  assert {
    condition     = google_storage_bucket.forecast_chain.retention_policy[0].is_locked == false
    error_message = "A locked bucket in dev would outlive the project."
  }

  assert {
    condition     = google_pubsub_topic.topics["executions"].labels == tomap({ app = "daybias", environment = "dev" })
    error_message = "Everything carries app and environment."
  }

  # The database survives a slip
  assert {
    condition = (
      google_firestore_database.documents.delete_protection_state == "DELETE_PROTECTION_ENABLED"
      && google_firestore_database.documents.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
      && google_firestore_database.documents.type == "FIRESTORE_NATIVE"
    )
    error_message = "The database must be native, protected from deletion and recoverable to any minute."
  }

  # Every index of the generated file is declared
  assert {
    condition = (
      length(google_firestore_index.composite) == length(local._indexes.indexes)
      && length(google_firestore_index.composite) > 0
      && length(google_firestore_field.override) == length(local._indexes.fieldOverrides)
    )
    error_message = "firestore.indexes.json and the declared indexes differ in number."
  }

  assert {
    condition = alltrue([
      for index in google_firestore_index.composite :
      length(index.fields) >= 2 && contains(["COLLECTION", "COLLECTION_GROUP"], index.query_scope)
    ])
    error_message = "A composite index has at least two fields and a scope."
  }

  # Buckets and secrets are shut
  assert {
    condition = alltrue([
      for bucket in [google_storage_bucket.artifacts, google_storage_bucket.forecast_chain] :
      bucket.public_access_prevention == "enforced" && bucket.uniform_bucket_level_access
    ])
    error_message = "A bucket must refuse public access and per-object rights."
  }

  assert {
    condition = keys(google_secret_manager_secret.secrets) == [
      "gemini-api-key", "market-alpaca", "market-databento", "market-oanda", "oauth-alpaca", "oauth-schwab", "oauth-tastytrade", "oauth-tradestation", "openai-api-key", "qdrant-api-key", "vault-keyring",
    ]
    error_message = "Found secrets ${join(", ", keys(google_secret_manager_secret.secrets))}."
  }

  # Without a redis instances know how many share
  assert {
    condition     = { for name, function in module.function : name => function.environment["DAYBIAS_MODEL_INSTANCES"] if contains(keys(function.environment), "DAYBIAS_MODEL_INSTANCES") } == { bias = "4", refresh_market = "4" }
    error_message = "An instance that asks Gemini must know with how many it shares a provider's calls."
  }

  assert {
    condition     = alltrue([for function in module.function : !contains(keys(function.environment), "DAYBIAS_REDIS_URL")])
    error_message = "Where no Redis is given none may be looked for."
  }
}

run "prod_keeps_the_chain_for_ten_years" {
  command = plan

  variables {
    environment    = "prod"
    forecast_chain = { locked = true, retention_days = 3650 }
  }

  assert {
    condition = (
      google_storage_bucket.forecast_chain.retention_policy[0].is_locked
      && google_storage_bucket.forecast_chain.retention_policy[0].retention_period == "315360000"
    )
    error_message = "The chain's bucket must be locked, and its days turned into seconds."
  }
}

run "a_redis_is_told_to_who_asks_gemini_alone" {
  command = plan

  variables {
    environment = "dev"
    redis       = { url = "redis://10.0.0.3:6379/0", vpc_connector = "projects/daybias-test/locations/us-east4/connectors/inside" }
  }

  assert {
    condition     = { for name, function in module.function : name => function.environment["DAYBIAS_REDIS_URL"] if contains(keys(function.environment), "DAYBIAS_REDIS_URL") } == { bias = "redis://10.0.0.3:6379/0", refresh_market = "redis://10.0.0.3:6379/0" }
    error_message = "Redis is for those that ask Gemini, and for no other function."
  }

  assert {
    condition     = [for name, function in module.function : name if function.vpc_connector != null] == ["bias", "refresh_market"]
    error_message = "Only those that ask Gemini need a way to private addresses."
  }
}

run "a_redis_url_with_a_password_is_refused" {
  command = plan

  variables {
    environment = "dev"
    redis       = { url = "redis://:hush@10.0.0.3:6379/0" }
  }

  expect_failures = [var.redis]
}

run "a_paused_schedule_is_declared_but_silent" {
  command = plan

  variables {
    environment     = "dev"
    schedule_paused = true
  }

  assert {
    condition     = alltrue([for job in google_cloud_scheduler_job.jobs : job.paused])
    error_message = "schedule_paused must pause every job."
  }
}

run "an_unknown_environment_is_refused" {
  command = plan

  variables {
    environment = "staging"
  }

  expect_failures = [var.environment]
}

run "a_multi_region_is_refused" {
  command = plan

  variables {
    environment = "dev"
    region      = "nam5"
  }

  expect_failures = [var.region]
}
