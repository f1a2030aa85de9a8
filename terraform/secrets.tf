# Shells only: a value is added with gcloud (infra/runbooks/deploy.md) and never enters the state.
resource "google_secret_manager_secret" "secrets" {
  for_each = toset([
    "gemini-api-key", "market-alpaca", "market-databento", "market-oanda", "oauth-alpaca", "oauth-schwab", "oauth-tastytrade", "oauth-tradestation", "openai-api-key", "qdrant-api-key", "vault-keyring",
  ])

  secret_id = each.key
  labels    = local.labels

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.services]
}
