locals {
  # Times are UTC and never those of an exchange: each function asks the session tables what is due,
  # so neither daylight saving nor a half day needs another schedule. Bars first, then what reads them.
  jobs = {
    bias-record       = { function = "bias", path = "/v1/bias/record", schedule = "5,20,35,50 * * * *" }
    bias-update       = { function = "bias", path = "/v1/bias/update", schedule = "10,25,40,55 * * * *" }
    reconcile         = { function = "reconcile", path = "/", schedule = "40 * * * *" }
    refresh-market    = { function = "refresh_market", path = "/", schedule = "2,32 * * * *" }
    score-bias        = { function = "score_bias", path = "/", schedule = "25 * * * *" }
    tick-alpaca       = { function = "sync_alpaca", path = "/", schedule = "*/15 * * * *" }
    tick-binance      = { function = "sync_binance", path = "/", schedule = "*/15 * * * *" }
    tick-ibkr         = { function = "sync_ibkr", path = "/", schedule = "0 * * * *" }
    tick-kraken       = { function = "sync_kraken", path = "/", schedule = "*/15 * * * *" }
    tick-oanda        = { function = "sync_oanda", path = "/", schedule = "*/15 * * * *" }
    tick-schwab       = { function = "sync_schwab", path = "/", schedule = "*/15 * * * *" }
    tick-tastytrade   = { function = "sync_tastytrade", path = "/", schedule = "*/15 * * * *" }
    tick-topstepx     = { function = "sync_topstepx", path = "/", schedule = "*/15 * * * *" }
    tick-tradestation = { function = "sync_tradestation", path = "/", schedule = "*/15 * * * *" }
    tick-tradovate    = { function = "sync_tradovate", path = "/", schedule = "*/15 * * * *" }
  }
}

resource "google_service_account" "scheduler" {
  account_id   = "scheduler"
  display_name = "Cloud Scheduler calls the scheduled functions as this account"
}

resource "google_cloud_scheduler_job" "jobs" {
  for_each = local.jobs

  name             = each.key
  region           = var.region
  schedule         = each.value.schedule
  time_zone        = "Etc/UTC"
  paused           = var.schedule_paused
  attempt_deadline = "${local.functions[each.value.function].timeout_s}s"

  http_target {
    http_method = "POST"
    uri         = "${module.function[each.value.function].uri}${each.value.path}"

    oidc_token {
      audience              = module.function[each.value.function].uri
      service_account_email = google_service_account.scheduler.email
    }
  }

  retry_config {
    retry_count          = 2 # the next run is never far, and every job may run twice
    min_backoff_duration = "10s"
    max_backoff_duration = "60s"
  }

  depends_on = [google_project_service.services]
}
