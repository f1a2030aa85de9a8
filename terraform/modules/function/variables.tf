variable "build_repository" {
  description = "Id of the Artifact Registry repository that receives the image."
  type        = string
}

variable "build_service_account" {
  description = "Id (projects/…/serviceAccounts/…) of the account that the image's build runs as."
  type        = string
}

variable "bundle" {
  description = "The zip: the bucket that keeps it, its path here, or the SHA-256 of one that the bucket already has."
  type = object({
    bucket        = string
    path          = string
    pinned_sha256 = optional(string)
  })
  nullable = false

  validation {
    condition     = endswith(var.bundle.path, ".zip")
    error_message = "bundle.path must name a .zip file that `make package` wrote."
  }

  validation {
    condition     = var.bundle.pinned_sha256 != null || fileexists(var.bundle.path)
    error_message = "There is no ${var.bundle.path}: run `make package`, or pin a bundle by its SHA-256."
  }
}

variable "concurrency" {
  description = "Requests that one instance serves at the same time."
  type        = number

  validation {
    condition     = var.concurrency >= 1 && var.concurrency <= 1000
    error_message = "concurrency must be between 1 and 1000."
  }
}

variable "environment_variables" {
  description = "Settings; never secret values: code reads secrets from Secret Manager by name."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "invokers" {
  description = "Service accounts that may call the function: a name for each to its email. Nobody else may."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for email in values(var.invokers) : !startswith(email, "all")])
    error_message = "invokers must be emails of service accounts; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "labels" {
  description = "Labels of the function."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "max_instances" {
  description = "Ceiling of instances."
  type        = number

  validation {
    condition     = var.max_instances >= 1
    error_message = "max_instances must be at least 1; 0 would mean no ceiling."
  }
}

variable "memory" {
  description = "Memory of an instance, as a Kubernetes quantity."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+(Mi|Gi)$", var.memory))
    error_message = "memory must be a whole number of Mi or Gi, for example 512Mi."
  }
}

variable "name" {
  description = "Name of the function, of its Cloud Run service and (with the prefix fn-) of its service account."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,25}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 27 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "region" {
  description = "Region of the function."
  type        = string
}

variable "timeout_s" {
  description = "Seconds after which a request is cut off."
  type        = number

  validation {
    condition     = var.timeout_s >= 1 && var.timeout_s <= 3600
    error_message = "timeout_s must be between 1 and 3600 seconds."
  }
}

variable "vpc_connector" {
  description = "Serverless VPC Access connector for private addresses, null for none."
  type        = string
  default     = null
}
