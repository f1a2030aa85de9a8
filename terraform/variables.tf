variable "cboe" {
  description = "Whether the VIX is fetched from Cboe's public history, whose terms allow personal, noncommercial use: who serves others asks Cboe for its consent first."
  type        = bool
  default     = false
  nullable    = false
}

variable "database" {
  description = "Id of the Firestore database that holds every document."
  type        = string
  default     = "daybias"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.database))
    error_message = "database must be 4 to 63 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "environment" {
  description = "Which of the environments this is; becomes the label `environment`."
  type        = string

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "environment must be dev or prod."
  }
}

variable "forecast_chain" {
  description = "How long the bucket of the forecasts' hash chain keeps an object unchangeable; locking the rule cannot be undone."
  type = object({
    locked         = optional(bool, false)
    retention_days = optional(number, 1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.forecast_chain.retention_days >= 1 && var.forecast_chain.retention_days <= 36500
    error_message = "forecast_chain.retention_days must be between 1 and 36500."
  }
}

variable "forexfactory" {
  description = "Whether the economic calendar is fetched from ForexFactory's weekly feed, whose terms for servers are yours to check."
  type        = bool
  default     = false
  nullable    = false
}

variable "labels" {
  description = "Labels on everything that can carry them, beside `app` and `environment`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for key, value in var.labels :
      can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
    error_message = "labels must have keys and values of at most 63 lower-case letters, digits, hyphens and underscores; keys start with a letter."
  }
}

variable "log_level" {
  description = "Least severe level that the functions log."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING or ERROR."
  }
}

variable "max_instances" {
  description = "Ceiling of instances of each function: what a flood of messages or requests may cost."
  type        = number

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 100 && floor(var.max_instances) == var.max_instances
    error_message = "max_instances must be a whole number between 1 and 100."
  }
}

variable "pinned_bundles" {
  description = "Rollback: function name to the SHA-256 of a zip that was deployed before; others run the zip in dist/."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for digest in values(var.pinned_bundles) : can(regex("^[0-9a-f]{64}$", digest))])
    error_message = "pinned_bundles must map to SHA-256 digests: 64 lower-case hexadecimal digits."
  }

  validation {
    condition     = length(setsubtract(keys(var.pinned_bundles), keys(local.functions))) == 0
    error_message = "pinned_bundles must name functions by their folder in functions/, for example store_executions."
  }
}

variable "project_id" {
  description = "Google Cloud project; each environment has its own."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be 6 to 30 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "qdrant_url" {
  description = "Address of the Qdrant server that keeps news, events and past days; without one biases use none."
  type        = string
  default     = ""

  validation {
    condition     = var.qdrant_url == "" || startswith(var.qdrant_url, "https://")
    error_message = "qdrant_url must be empty or an https:// address such as https://qdrant.example.com:6333."
  }
}

variable "redis" {
  description = "A Redis of yours through which instances of `bias` and `refresh_market` share the providers' limits and cached answers: its URL, and the Serverless VPC Access connector that leads to it. Without one each instance keeps to its share of the calls; none is created here."
  type = object({
    url           = string
    vpc_connector = optional(string)
  })
  default = null

  validation {
    condition     = var.redis == null || can(regex("^rediss?://[^@/]+(/[0-9]+)?$", var.redis.url))
    error_message = "redis.url must be redis://HOST:PORT/NUMBER or rediss://...; a password in it would stand in the state."
  }
}

variable "region" {
  description = "Region of the functions, the database, the buckets and the schedule."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a single region such as us-east4 (multi-regions like nam5 hold no functions)."
  }
}

variable "schedule_paused" {
  description = "Declare the schedule without letting it fire, for a first deployment or an incident."
  type        = bool
  default     = false
}
