use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use aws_sdk_firehose::types::{
    BufferingHints, CompressionFormat, DeliveryStreamDescription, DeliveryStreamEncryptionStatus,
    DeliveryStreamStatus, DeliveryStreamType, NoEncryptionConfig, ProcessorParameterName, ProcessorType,
    S3BackupMode,
};

use crate::check::{SOON, equal, until};
use crate::{DESTINATION, ROLE, Stream};

const ARN: &str = "arn:aws:firehose:us-east-1:000000000000:deliverystream/";

pub(crate) fn hints(megabytes: i32, seconds: i32) -> BufferingHints {
    BufferingHints::builder().size_in_mbs(megabytes).interval_in_seconds(seconds).build()
}

impl Stream<'_> {
    pub(crate) fn arn(&self) -> String {
        format!("{ARN}{}", self.name)
    }

    pub(crate) async fn described(&self) -> Result<DeliveryStreamDescription> {
        let told = self.client.describe_delivery_stream().delivery_stream_name(self.name).send().await?;
        told.delivery_stream_description.context("nothing is described")
    }

    pub(crate) async fn describe(&mut self, bucket: &str, function: &str) -> Result<()> {
        self.step("describe until it is active");
        let active =
            async || Ok(self.described().await?.delivery_stream_status == DeliveryStreamStatus::Active);
        until("active", active).await?;
        let found = self.described().await?;
        equal("DeliveryStreamName", found.delivery_stream_name(), self.name)?;
        equal("DeliveryStreamARN", found.delivery_stream_arn(), self.arn())?;
        equal("DeliveryStreamType", found.delivery_stream_type(), &DeliveryStreamType::DirectPut)?;
        let encryption = found.delivery_stream_encryption_configuration().and_then(|found| found.status());
        equal("Status", encryption, Some(&DeliveryStreamEncryptionStatus::Disabled))?;
        equal("VersionId", found.version_id(), "1")?;
        equal("HasMoreDestinations", found.has_more_destinations(), false)?;
        let created = SystemTime::try_from(*found.create_timestamp().context("it has no CreateTimestamp")?)?;
        #[allow(clippy::disallowed_methods, reason = "that is what it is compared with")]
        let now = SystemTime::now();
        let age = now.duration_since(created).unwrap_or_else(|later| later.duration());
        ensure!(age < SOON, "it was made {age:?} ago");
        self.has_destination(&found, bucket, function, &format!("{}/", self.name), hints(1, 60))
    }

    /// What was sent, and the defaults.
    pub(crate) fn has_destination(
        &self,
        found: &DeliveryStreamDescription,
        bucket: &str,
        function: &str,
        prefix: &str,
        hints: BufferingHints,
    ) -> Result<()> {
        let [found] = found.destinations() else { anyhow::bail!("destinations: {:?}", found.destinations()) };
        equal("DestinationId", found.destination_id(), DESTINATION)?;
        let found = found.extended_s3_destination_description().context("it has another destination")?;
        equal("RoleARN", found.role_arn(), ROLE)?;
        equal("BucketARN", found.bucket_arn(), format!("arn:aws:s3:::{bucket}"))?;
        equal("Prefix", found.prefix(), Some(prefix))?;
        equal("ErrorOutputPrefix", found.error_output_prefix(), Some("failed/"))?;
        equal("BufferingHints", found.buffering_hints(), Some(&hints))?;
        equal("CompressionFormat", found.compression_format(), &CompressionFormat::Gzip)?;
        let encryption = found.encryption_configuration().and_then(|found| found.no_encryption_config());
        equal("EncryptionConfiguration", encryption, Some(&NoEncryptionConfig::NoEncryption))?;
        equal("S3BackupMode", found.s3_backup_mode(), Some(&S3BackupMode::Disabled))?;
        let processing = found.processing_configuration().context("it has no ProcessingConfiguration")?;
        equal("Enabled", processing.enabled(), Some(true))?;
        let [processor] = processing.processors() else { anyhow::bail!("processors: {processing:?}") };
        equal("Type", processor.r#type(), &ProcessorType::Lambda)?;
        let parameters = processor.parameters().iter();
        let parameters: Vec<_> =
            parameters.map(|found| (found.parameter_name().clone(), found.parameter_value())).collect();
        equal(
            "Parameters",
            parameters,
            [
                (ProcessorParameterName::LambdaArn, function),
                (ProcessorParameterName::LambdaNumberOfRetries, "3"),
                (ProcessorParameterName::RoleArn, ROLE),
                (ProcessorParameterName::BufferSizeInMb, "1"),
                (ProcessorParameterName::BufferIntervalInSeconds, "60"),
            ],
        )
    }
}
