use anyhow::{Context, Result, ensure};
use aws_sdk_firehose::error::ProvideErrorMetadata;
use aws_sdk_firehose::operation::create_delivery_stream::CreateDeliveryStreamError;
use aws_sdk_firehose::operation::describe_delivery_stream::DescribeDeliveryStreamError;
use aws_sdk_firehose::operation::update_destination::UpdateDestinationError;
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::{
    BufferingHints, CompressionFormat, DeliveryStreamStatus, DeliveryStreamType,
    ExtendedS3DestinationConfiguration, ExtendedS3DestinationUpdate, ProcessingConfiguration, Processor,
    ProcessorParameter, ProcessorParameterName, ProcessorType, Record, Tag,
};

use crate::check::{equal, refused, until, untyped};
use crate::describe::hints;
use crate::{DESTINATION, ROLE, Stream, client};

fn record(data: impl Into<Vec<u8>>) -> Result<Record> {
    Ok(Record::builder().data(Blob::new(data)).build()?)
}

fn line(number: usize) -> Result<Record> {
    record(format!("{{\"id\":{number}}}"))
}

fn tag(key: &str, value: &str) -> Result<Tag> {
    Ok(Tag::builder().key(key).value(value).build()?)
}

fn destination(
    bucket: &str,
    hints: BufferingHints,
) -> aws_sdk_firehose::types::builders::ExtendedS3DestinationConfigurationBuilder {
    ExtendedS3DestinationConfiguration::builder()
        .role_arn(ROLE)
        .bucket_arn(format!("arn:aws:s3:::{bucket}"))
        .buffering_hints(hints)
}

impl Stream<'_> {
    pub(crate) async fn create(&mut self, bucket: &str, function: &str) -> Result<()> {
        self.step("create");
        let parameter = ProcessorParameter::builder()
            .parameter_name(ProcessorParameterName::LambdaArn)
            .parameter_value(function)
            .build()?;
        let processor = Processor::builder().r#type(ProcessorType::Lambda).parameters(parameter).build()?;
        let destination = destination(bucket, hints(1, 60))
            .prefix(format!("{}/", self.name))
            .error_output_prefix("failed/")
            .compression_format(CompressionFormat::Gzip)
            .processing_configuration(
                ProcessingConfiguration::builder().enabled(true).processors(processor).build(),
            );
        let create = self
            .client
            .create_delivery_stream()
            .delivery_stream_name(self.name)
            .delivery_stream_type(DeliveryStreamType::DirectPut)
            .extended_s3_destination_configuration(destination.build()?)
            .tags(tag("team", "web")?)
            .tags(tag("stage", "test")?);
        let told = create.clone().send().await?;
        equal("DeliveryStreamARN", told.delivery_stream_arn(), Some(&*self.arn()))?;
        self.step("a name is taken once");
        let is = CreateDeliveryStreamError::is_resource_in_use_exception;
        refused("ResourceInUseException", create.send().await, is)
    }

    pub(crate) async fn put(&mut self) -> Result<()> {
        self.step("put a record");
        self.put_one(1).await?;
        self.step("put a batch, of which the function fails one");
        let records = vec![line(2)?, line(3)?, record("no JSON")?, line(4)?];
        let batch = self.client.put_record_batch().delivery_stream_name(self.name).set_records(Some(records));
        let told = batch.send().await?;
        equal("what is taken", (told.failed_put_count(), told.request_responses().len()), (0, 4))?;
        let has_id = |id: Option<&str>| id.is_some_and(|id| !id.is_empty());
        ensure!(told.request_responses().iter().all(|answer| has_id(answer.record_id())), "{told:?}");
        Ok(())
    }

    async fn put_one(&self, number: usize) -> Result<()> {
        let put = self.client.put_record().delivery_stream_name(self.name).record(line(number)?);
        ensure!(!put.send().await?.record_id().is_empty(), "it has no id");
        Ok(())
    }

    pub(crate) async fn throttle(&mut self, slow: &str) -> Result<()> {
        self.step("resend what is refused");
        let mut left = (1..=8).map(line).collect::<Result<Vec<_>>>()?;
        let mut refusals = 0;
        let send = async || {
            let batch = self.client.put_record_batch().delivery_stream_name(slow);
            let told = match batch.set_records(Some(left.clone())).send().await {
                Ok(told) => told,
                Err(error) => {
                    // None of them was taken.
                    equal("the code of the error", error.code(), Some("ServiceUnavailableException"))?;
                    return Ok(false);
                }
            };
            equal("the number of answers", told.request_responses().len(), left.len())?;
            let mut failed = Vec::new();
            for (record, answer) in left.iter().zip(told.request_responses()) {
                if answer.record_id().is_none() {
                    equal("why", answer.error_code(), Some("ServiceUnavailableException"))?;
                    equal("why", answer.error_message(), Some("Slow down."))?;
                    failed.push(record.clone());
                }
            }
            equal("FailedPutCount", usize::try_from(told.failed_put_count())?, failed.len())?;
            refusals += failed.len();
            left = failed;
            Ok(left.is_empty())
        };
        until("all are taken", send).await?;
        ensure!(refusals > 0, "nothing was refused");
        Ok(())
    }

    pub(crate) async fn update(&mut self, bucket: &str, function: &str, slow: &str) -> Result<()> {
        self.step("update");
        let prefix = format!("{}/second/", self.name);
        let change = ExtendedS3DestinationUpdate::builder().prefix(&prefix).buffering_hints(hints(2, 1));
        let update = self.client.update_destination().destination_id(DESTINATION);
        let update = update.current_delivery_stream_version_id("1");
        let update = update.extended_s3_destination_update(change.build());
        let mine = update.clone().delivery_stream_name(self.name);
        mine.clone().send().await?;
        let found = self.described().await?;
        equal("VersionId", found.version_id(), "2")?;
        equal("DeliveryStreamStatus", found.delivery_stream_status(), &DeliveryStreamStatus::Active)?;
        self.has_destination(&found, bucket, function, &prefix, hints(2, 1))?;
        self.step("put after the update");
        self.put_one(5).await?;
        self.step("a version that has passed is refused");
        let is = UpdateDestinationError::is_concurrent_modification_exception;
        refused("ConcurrentModificationException", mine.send().await, is)?;
        self.step("a stream of the config is not changed");
        let is = UpdateDestinationError::is_invalid_argument_exception;
        refused("InvalidArgumentException", update.delivery_stream_name(slow).send().await, is)
    }

    pub(crate) async fn tags(&mut self) -> Result<()> {
        self.step("tags, by pages");
        equal("tags", self.listed_tags().await?, [tag("stage", "test")?, tag("team", "web")?])?;
        self.step("tag");
        let tagged = self.client.tag_delivery_stream().delivery_stream_name(self.name);
        tagged.tags(tag("stage", "live")?).tags(tag("cost", "")?).send().await?;
        let wanted = [tag("cost", "")?, tag("stage", "live")?, tag("team", "web")?];
        equal("tags", self.listed_tags().await?, wanted)?;
        self.step("untag");
        let untagged = self.client.untag_delivery_stream().delivery_stream_name(self.name);
        untagged.tag_keys("team").tag_keys("cost").send().await?;
        equal("tags", self.listed_tags().await?, [tag("stage", "live")?])
    }

    /// In pages of one, in the order of their keys.
    async fn listed_tags(&self) -> Result<Vec<Tag>> {
        let mut found: Vec<Tag> = Vec::new();
        loop {
            let list = self.client.list_tags_for_delivery_stream().delivery_stream_name(self.name).limit(1);
            let after = found.last().map(|tag| tag.key().to_owned());
            let page = list.set_exclusive_start_tag_key(after).send().await?;
            equal("the length of a page", page.tags().len(), 1)?;
            found.extend_from_slice(page.tags());
            if !page.has_more_tags() {
                found.sort_by(|a, b| a.key().cmp(b.key()));
                return Ok(found);
            }
        }
    }

    /// In pages of one.
    pub(crate) async fn names(&self) -> Result<Vec<String>> {
        let mut found: Vec<String> = Vec::new();
        loop {
            let list = self.client.list_delivery_streams().limit(1);
            let after = found.last().cloned();
            let page = list.set_exclusive_start_delivery_stream_name(after).send().await?;
            equal("the length of a page", page.delivery_stream_names().len(), 1)?;
            found.extend_from_slice(page.delivery_stream_names());
            if !page.has_more_delivery_streams() {
                return Ok(found);
            }
        }
    }

    pub(crate) async fn errors(&mut self) -> Result<()> {
        self.step("a size that none may have");
        let large = destination("large", hints(129, 60)).build()?;
        let create = self.client.create_delivery_stream().delivery_stream_name("large");
        let answer = create.extended_s3_destination_configuration(large).send().await;
        refused("ValidationException", answer, untyped)?;
        self.step("a name that none may have");
        let describe = self.client.describe_delivery_stream();
        let answer = describe.clone().delivery_stream_name("a name!").send().await;
        refused("ValidationException", answer, untyped)?;
        self.step("a stream that is not there");
        let is = DescribeDeliveryStreamError::is_resource_not_found_exception;
        refused("ResourceNotFoundException", describe.delivery_stream_name("nosuch").send().await, is)?;
        let (id, secret) = self.key;
        for (what, key, code) in [
            ("a wrong secret", (id, "wrong"), "InvalidSignatureException"),
            ("a key of nobody", ("AKIANOBODY", secret), "UnrecognizedClientException"),
        ] {
            self.step(what);
            let describe = client(self.url, key).describe_delivery_stream();
            refused(code, describe.delivery_stream_name(self.name).send().await, untyped)?;
        }
        Ok(())
    }

    pub(crate) async fn delete(&mut self) -> Result<()> {
        self.step("delete");
        self.client.delete_delivery_stream().delivery_stream_name(self.name).send().await?;
        self.step("describe until it is gone");
        until("gone", async || {
            let describe = self.client.describe_delivery_stream();
            let told = match describe.delivery_stream_name(self.name).send().await {
                Ok(told) => told.delivery_stream_description.context("nothing is described")?,
                error => {
                    let is = DescribeDeliveryStreamError::is_resource_not_found_exception;
                    refused("ResourceNotFoundException", error, is)?;
                    return Ok(true);
                }
            };
            equal("DeliveryStreamStatus", told.delivery_stream_status, DeliveryStreamStatus::Deleting)?;
            Ok(false)
        })
        .await
    }
}
