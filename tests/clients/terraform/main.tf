terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "endpoint" { type = string }
variable "bucket" { type = string }
variable "function" { type = string }
variable "prefix" { type = string }
variable "interval" { type = number }
variable "retries" { type = string }
variable "tags" { type = map(string) }

# With these skips, Firehose is the only service that is called. The keys come from the environment.
provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 1

  endpoints {
    firehose = var.endpoint
  }
}

resource "aws_kinesis_firehose_delivery_stream" "stream" {
  name        = "terraform"
  destination = "extended_s3"
  tags        = var.tags

  extended_s3_configuration {
    role_arn            = "arn:aws:iam::000000000000:role/delivery"
    bucket_arn          = "arn:aws:s3:::${var.bucket}"
    prefix              = var.prefix
    error_output_prefix = "failed/"
    buffering_size      = 1
    buffering_interval  = var.interval
    compression_format  = "GZIP"

    processing_configuration {
      enabled = true

      processors {
        type = "Lambda"

        parameters {
          parameter_name  = "LambdaArn"
          parameter_value = var.function
        }
        parameters {
          parameter_name  = "NumberOfRetries"
          parameter_value = var.retries
        }
      }
    }
  }
}
