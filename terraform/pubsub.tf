locals {
  # Topic to the function behind it. Attempts: how often a message is tried before the dead letter,
  # with the back-off below: ten attempts take about 40 minutes, each further one 10 more.
  subscriptions = {
    executions        = { function = "store_executions", attempts = 20 }
    journal-changes   = { function = "build_journal", attempts = 20 }
    sync-alpaca       = { function = "sync_alpaca", attempts = 10 }
    sync-binance      = { function = "sync_binance", attempts = 10 }
    sync-ibkr         = { function = "sync_ibkr", attempts = 10 }
    sync-kraken       = { function = "sync_kraken", attempts = 10 }
    sync-oanda        = { function = "sync_oanda", attempts = 10 }
    sync-schwab       = { function = "sync_schwab", attempts = 10 }
    sync-tastytrade   = { function = "sync_tastytrade", attempts = 10 }
    sync-topstepx     = { function = "sync_topstepx", attempts = 10 }
    sync-tradestation = { function = "sync_tradestation", attempts = 10 }
    sync-tradovate    = { function = "sync_tradovate", attempts = 10 }
  }

  _pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_service_account" "pubsub_push" {
  account_id   = "pubsub-push"
  display_name = "Pub/Sub pushes to the consumers as this account"
}

resource "google_pubsub_topic" "topics" {
  for_each = local.subscriptions

  name   = each.key
  labels = local.labels

  depends_on = [google_project_service.services]
}

# Retention on the topic itself: what lands here stays for 31 days without a subscription, and one
# that is made later can seek back to it (infra/runbooks/deploy.md).
resource "google_pubsub_topic" "dead" {
  for_each = local.subscriptions

  name                       = "${each.key}-dead"
  labels                     = local.labels
  message_retention_duration = "2678400s"

  depends_on = [google_project_service.services]
}

resource "google_pubsub_subscription" "push" {
  for_each = local.subscriptions

  name                       = module.function[each.value.function].name
  topic                      = google_pubsub_topic.topics[each.key].id
  labels                     = local.labels
  ack_deadline_seconds       = 600
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = module.function[each.value.function].uri

    oidc_token {
      audience              = module.function[each.value.function].uri
      service_account_email = google_service_account.pubsub_push.email
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead[each.key].id
    max_delivery_attempts = each.value.attempts
  }

  expiration_policy {
    ttl = "" # never: a quiet month must not unsubscribe a consumer
  }
}

# Pub/Sub itself moves exhausted messages, so its agent publishes to the dead letter and acknowledges.
resource "google_pubsub_topic_iam_member" "dead_letter_publisher" {
  for_each = local.subscriptions

  topic  = google_pubsub_topic.dead[each.key].name
  role   = "roles/pubsub.publisher"
  member = local._pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead_letter_subscriber" {
  for_each = local.subscriptions

  subscription = google_pubsub_subscription.push[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local._pubsub_agent
}
