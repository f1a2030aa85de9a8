# Who may call what, and who may do what. The provider is mocked, so an apply reaches no cloud: it only
# makes up what a plan cannot know yet (addresses, ids), which the wiring below is about. All stands in one
# run, since each run plans and applies everything anew.
mock_provider "google" {}

variables {
  environment   = "dev"
  max_instances = 3
  project_id    = "daybias-test"
  region        = "us-east4"
}

override_resource {
  target = google_service_account.pubsub_push
  values = { email = "push@daybias-test.iam.gserviceaccount.com" }
}

override_resource {
  target = google_service_account.scheduler
  values = { email = "scheduler@daybias-test.iam.gserviceaccount.com" }
}

override_data {
  target = data.google_project.this
  values = { number = "123456789" }
}

run "every_door_has_its_own_key" {
  command = apply

  # Every function is called by its own callers alone
  assert {
    condition = { for name, function in module.function : name => function.invokers } == {
      api              = []
      bias             = ["serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com"]
      build_journal    = ["serviceAccount:push@daybias-test.iam.gserviceaccount.com"]
      reconcile        = ["serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com"]
      refresh_market   = ["serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com"]
      score_bias       = ["serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com"]
      store_executions = ["serviceAccount:push@daybias-test.iam.gserviceaccount.com"]
      sync_alpaca = [
        "serviceAccount:push@daybias-test.iam.gserviceaccount.com",
        "serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com",
      ]
      sync_binance = [
        "serviceAccount:push@daybias-test.iam.gserviceaccount.com",
        "serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com",
      ]
      sync_ibkr = [
        "serviceAccount:push@daybias-test.iam.gserviceaccount.com",
        "serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com",
      ]
      sync_kraken = [
        "serviceAccount:push@daybias-test.iam.gserviceaccount.com",
        "serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com",
      ]
      sync_oanda = [
        "serviceAccount:push@daybias-test.iam.gserviceaccount.com",
        "serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com",
      ]
      sync_schwab = [
        "serviceAccount:push@daybias-test.iam.gserviceaccount.com",
        "serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com",
      ]
      sync_tastytrade = [
        "serviceAccount:push@daybias-test.iam.gserviceaccount.com",
        "serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com",
      ]
      sync_topstepx = [
        "serviceAccount:push@daybias-test.iam.gserviceaccount.com",
        "serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com",
      ]
      sync_tradestation = [
        "serviceAccount:push@daybias-test.iam.gserviceaccount.com",
        "serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com",
      ]
      sync_tradovate = [
        "serviceAccount:push@daybias-test.iam.gserviceaccount.com",
        "serviceAccount:scheduler@daybias-test.iam.gserviceaccount.com",
      ]
      web = []
    }
    error_message = "A function has another caller than its own: ${jsonencode({ for name, function in module.function : name => function.invokers })}"
  }

  # Every push carries a token and has a dead letter
  assert {
    condition     = length(google_pubsub_subscription.push) == length(local.subscriptions)
    error_message = "Every topic has one consumer."
  }

  assert {
    condition = alltrue([
      for subscription in google_pubsub_subscription.push :
      subscription.push_config[0].oidc_token[0].service_account_email == google_service_account.pubsub_push.email
      && subscription.push_config[0].oidc_token[0].audience == subscription.push_config[0].push_endpoint
    ])
    error_message = "A push must carry the push account's token for the very endpoint that it calls."
  }

  assert {
    condition = alltrue([
      for topic, subscription in google_pubsub_subscription.push :
      subscription.dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.dead[topic].id
      && subscription.dead_letter_policy[0].max_delivery_attempts >= 5
      && google_pubsub_topic.dead[topic].message_retention_duration == "2678400s"
    ])
    error_message = "Every subscription must give up into its own dead letter, which keeps messages for 31 days."
  }

  assert {
    condition = (
      alltrue([for grant in google_pubsub_topic_iam_member.dead_letter_publisher :
      grant.member == "serviceAccount:service-123456789@gcp-sa-pubsub.iam.gserviceaccount.com"])
      && alltrue([for grant in google_pubsub_subscription_iam_member.dead_letter_subscriber :
      grant.member == "serviceAccount:service-123456789@gcp-sa-pubsub.iam.gserviceaccount.com"])
      && length(google_pubsub_topic_iam_member.dead_letter_publisher) == length(local.subscriptions)
      && length(google_pubsub_subscription_iam_member.dead_letter_subscriber) == length(local.subscriptions)
    )
    error_message = "Without both grants of its agent Pub/Sub never moves a message to the dead letter."
  }

  assert {
    condition = alltrue([
      for subscription in google_pubsub_subscription.push :
      subscription.ack_deadline_seconds == 600
      && subscription.retry_policy[0].minimum_backoff == "10s"
      && subscription.retry_policy[0].maximum_backoff == "600s"
      && subscription.enable_message_ordering != true
    ])
    error_message = "Pushes wait 600 s for an answer, back off from 10 to 600 s and promise no order."
  }

  # No pushed function outlives its delivery
  assert {
    condition = alltrue([
      for subscription in local.subscriptions : local.functions[subscription.function].timeout_s <= 600
    ])
    error_message = "A function behind a push must end within the ack deadline, or it works beside its own second delivery."
  }

  # Every scheduled call carries the scheduler's token
  assert {
    condition = alltrue([
      for job in google_cloud_scheduler_job.jobs :
      job.http_target[0].oidc_token[0].service_account_email == google_service_account.scheduler.email
      && startswith(job.http_target[0].uri, job.http_target[0].oidc_token[0].audience)
      && job.http_target[0].http_method == "POST"
      && job.time_zone == "Etc/UTC"
    ])
    error_message = "A job must POST with the scheduler's token, made for the function that it calls."
  }

  assert {
    condition = { for name, job in google_cloud_scheduler_job.jobs : name => job.schedule } == {
      bias-record       = "5,20,35,50 * * * *"
      bias-update       = "10,25,40,55 * * * *"
      reconcile         = "40 * * * *"
      refresh-market    = "2,32 * * * *"
      score-bias        = "25 * * * *"
      tick-alpaca       = "*/15 * * * *"
      tick-binance      = "*/15 * * * *"
      tick-ibkr         = "0 * * * *"
      tick-kraken       = "*/15 * * * *"
      tick-oanda        = "*/15 * * * *"
      tick-schwab       = "*/15 * * * *"
      tick-tastytrade   = "*/15 * * * *"
      tick-topstepx     = "*/15 * * * *"
      tick-tradestation = "*/15 * * * *"
      tick-tradovate    = "*/15 * * * *"
    }
    error_message = "The schedule is another than the one that shared/ and infra/local rely on."
  }

  assert {
    condition = alltrue([
      for job in local.jobs : contains(local.functions[job.function].called_by, "scheduler")
    ])
    error_message = "A scheduled function must admit the scheduler."
  }

  # Grants are the least
  assert {
    condition = keys(google_pubsub_topic_iam_member.publisher) == [
      "api executions", "api journal-changes", "api sync-alpaca", "api sync-binance", "api sync-ibkr",
      "api sync-kraken", "api sync-oanda", "api sync-schwab", "api sync-tastytrade",
      "api sync-topstepx", "api sync-tradestation", "api sync-tradovate",
      "store_executions journal-changes",
      "sync_alpaca executions", "sync_alpaca sync-alpaca",
      "sync_binance executions", "sync_binance sync-binance",
      "sync_ibkr executions", "sync_ibkr sync-ibkr",
      "sync_kraken executions", "sync_kraken sync-kraken",
      "sync_oanda executions", "sync_oanda sync-oanda",
      "sync_schwab executions", "sync_schwab sync-schwab",
      "sync_tastytrade executions", "sync_tastytrade sync-tastytrade",
      "sync_topstepx executions", "sync_topstepx sync-topstepx",
      "sync_tradestation executions", "sync_tradestation sync-tradestation",
      "sync_tradovate executions", "sync_tradovate sync-tradovate",
    ]
    error_message = "Found publishers ${join(", ", keys(google_pubsub_topic_iam_member.publisher))}."
  }

  assert {
    condition = keys(google_secret_manager_secret_iam_member.reader) == [
      "api oauth-alpaca", "api oauth-schwab", "api oauth-tastytrade", "api oauth-tradestation", "api vault-keyring",
      "bias gemini-api-key", "bias openai-api-key", "bias qdrant-api-key",
      "refresh_market gemini-api-key", "refresh_market market-alpaca", "refresh_market market-databento", "refresh_market market-oanda", "refresh_market qdrant-api-key",
      "sync_alpaca vault-keyring",
      "sync_binance vault-keyring",
      "sync_ibkr vault-keyring",
      "sync_kraken vault-keyring",
      "sync_oanda vault-keyring",
      "sync_schwab vault-keyring",
      "sync_tastytrade vault-keyring",
      "sync_topstepx vault-keyring",
      "sync_tradestation vault-keyring",
      "sync_tradovate vault-keyring",
    ]
    error_message = "Found secret readers ${join(", ", keys(google_secret_manager_secret_iam_member.reader))}."
  }

  assert {
    condition = (
      !contains(keys(google_project_iam_member.documents), "web")
      && alltrue([for grant in google_project_iam_member.documents :
        grant.role == "roles/datastore.user"
      && grant.condition[0].expression == "resource.name == 'projects/daybias-test/databases/daybias'"])
    )
    error_message = "Firestore is granted to those that use it, on the one database."
  }

  assert {
    condition = { for name, grant in google_storage_bucket_iam_member.forecast_chain : name => grant.role } == {
      "bias create"     = "roles/storage.objectCreator"
      "bias read"       = "roles/storage.objectViewer"
      "score_bias read" = "roles/storage.objectViewer"
    }
    error_message = "Only bias may create links, and nobody may replace or delete one: ${jsonencode({ for name, grant in google_storage_bucket_iam_member.forecast_chain : name => grant.role })}"
  }

  assert {
    condition     = length(distinct([for function in module.function : function.member])) == length(local.functions)
    error_message = "Every function has a service account of its own."
  }
}
