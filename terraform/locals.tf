data "google_project" "this" {}

locals {
  labels = merge(var.labels, { app = "daybias", environment = var.environment })

  # The two callers of functions. Each may invoke its own functions and nothing else; nobody else may.
  callers = {
    pubsub    = google_service_account.pubsub_push.email
    scheduler = google_service_account.scheduler.email
  }

  # For answers and for embeddings, within one limit.
  ask_gemini = ["bias", "refresh_market"]

  # One entry a folder of functions/. What is not listed is not granted.
  #   called_by      who may invoke it
  #   documents      reads and writes Firestore
  #   forecast_chain what it may do to the bucket of the forecasts' chain: create, read; nobody may more
  #   publishes      topics that it publishes to
  #   reads_secrets  secrets that it reads
  #   timeout_s      at most 600 behind a push: later the message would be delivered a second time
  functions = {
    api = {
      called_by = []
      documents = true
      # imports, notes and replays change the journal; "sync now" asks the broker's own function
      publishes = [
        "executions", "journal-changes", "sync-alpaca", "sync-binance", "sync-ibkr", "sync-kraken",
        "sync-oanda", "sync-schwab", "sync-tastytrade", "sync-topstepx", "sync-tradestation",
        "sync-tradovate",
      ]
      # it seals credentials of new connections, and is the application that users consent to
      reads_secrets = ["oauth-alpaca", "oauth-schwab", "oauth-tastytrade", "oauth-tradestation", "vault-keyring"]
      concurrency   = 80
      memory        = "512Mi"
      timeout_s     = 60
    }
    bias = {
      called_by      = ["scheduler"]
      documents      = true
      forecast_chain = ["create", "read"]
      publishes      = []
      reads_secrets  = ["gemini-api-key", "openai-api-key", "qdrant-api-key"]
      concurrency    = 40
      memory         = "1Gi"
      timeout_s      = 900
    }
    build_journal = {
      called_by     = ["pubsub"]
      documents     = true
      publishes     = []
      reads_secrets = []
      concurrency   = 8
      memory        = "1Gi"
      timeout_s     = 300
    }
    reconcile = {
      called_by     = ["scheduler"]
      documents     = true
      publishes     = []
      reads_secrets = []
      concurrency   = 1
      memory        = "512Mi"
      timeout_s     = 900
    }
    refresh_market = {
      called_by     = ["scheduler"]
      documents     = true
      publishes     = []
      reads_secrets = ["gemini-api-key", "market-alpaca", "market-databento", "market-oanda", "qdrant-api-key"]
      concurrency   = 1
      memory        = "512Mi"
      timeout_s     = 900
    }
    score_bias = {
      called_by      = ["scheduler"]
      documents      = true
      forecast_chain = ["read"]
      publishes      = []
      reads_secrets  = []
      concurrency    = 1
      memory         = "512Mi"
      timeout_s      = 900
    }
    store_executions = {
      called_by     = ["pubsub"]
      documents     = true
      publishes     = ["journal-changes"]
      reads_secrets = []
      concurrency   = 16
      memory        = "512Mi"
      timeout_s     = 120
    }
    sync_alpaca = {
      called_by     = ["pubsub", "scheduler"]
      documents     = true
      publishes     = ["executions", "sync-alpaca"]
      reads_secrets = ["vault-keyring"]
      concurrency   = 20
      memory        = "512Mi"
      timeout_s     = 540 # its own budget is 480 s
    }
    sync_binance = {
      called_by     = ["pubsub", "scheduler"]
      documents     = true
      publishes     = ["executions", "sync-binance"]
      reads_secrets = ["vault-keyring"]
      concurrency   = 20
      memory        = "512Mi"
      timeout_s     = 540 # its own budget is 480 s
    }
    sync_ibkr = {
      called_by     = ["pubsub", "scheduler"]
      documents     = true
      publishes     = ["executions", "sync-ibkr"]
      reads_secrets = ["vault-keyring"]
      concurrency   = 4     # a report is one document, of tens of megabytes at worst
      memory        = "1Gi" # and takes several times as much when it is read
      timeout_s     = 540   # its own budget is 480 s
    }
    sync_kraken = {
      called_by     = ["pubsub", "scheduler"]
      documents     = true
      publishes     = ["executions", "sync-kraken"]
      reads_secrets = ["vault-keyring"]
      concurrency   = 20
      memory        = "512Mi"
      timeout_s     = 540 # its own budget is 480 s
    }
    sync_oanda = {
      called_by     = ["pubsub", "scheduler"]
      documents     = true
      publishes     = ["executions", "sync-oanda"]
      reads_secrets = ["vault-keyring"]
      concurrency   = 20
      memory        = "512Mi"
      timeout_s     = 540 # its own budget is 480 s
    }
    sync_schwab = {
      called_by     = ["pubsub", "scheduler"]
      documents     = true
      publishes     = ["executions", "sync-schwab"]
      reads_secrets = ["vault-keyring"]
      concurrency   = 20
      memory        = "512Mi"
      timeout_s     = 540 # its own budget is 480 s
    }
    sync_tastytrade = {
      called_by     = ["pubsub", "scheduler"]
      documents     = true
      publishes     = ["executions", "sync-tastytrade"]
      reads_secrets = ["vault-keyring"]
      concurrency   = 20
      memory        = "512Mi"
      timeout_s     = 540 # its own budget is 480 s
    }
    sync_topstepx = {
      called_by     = ["pubsub", "scheduler"]
      documents     = true
      publishes     = ["executions", "sync-topstepx"]
      reads_secrets = ["vault-keyring"]
      concurrency   = 20
      memory        = "512Mi"
      timeout_s     = 540 # its own budget is 480 s
    }
    sync_tradestation = {
      called_by     = ["pubsub", "scheduler"]
      documents     = true
      publishes     = ["executions", "sync-tradestation"]
      reads_secrets = ["vault-keyring"]
      concurrency   = 20
      memory        = "512Mi"
      timeout_s     = 540 # its own budget is 480 s
    }
    sync_tradovate = {
      called_by     = ["pubsub", "scheduler"]
      documents     = true
      publishes     = ["executions", "sync-tradovate"]
      reads_secrets = ["vault-keyring"]
      concurrency   = 20
      memory        = "512Mi"
      timeout_s     = 540 # its own budget is 480 s
    }
    web = {
      called_by     = []
      documents     = false
      publishes     = []
      reads_secrets = []
      concurrency   = 80
      memory        = "256Mi"
      timeout_s     = 30
    }
  }
}
