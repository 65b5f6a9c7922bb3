package main

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
)

func arn() string {
	return "arn:aws:firehose:us-east-1:000000000000:deliverystream/" + *name
}

func hints(megabytes, seconds int32) *types.BufferingHints {
	return &types.BufferingHints{SizeInMBs: &megabytes, IntervalInSeconds: &seconds}
}

func described() *types.DeliveryStreamDescription {
	input := &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: name}
	return must(service.DescribeDeliveryStream(background, input)).DeliveryStreamDescription
}

func describe(bucket, function string) {
	step("describe until it is active")
	until("active", func() bool { return described().DeliveryStreamStatus == types.DeliveryStreamStatusActive })
	found := described()
	equal("DeliveryStreamName", *found.DeliveryStreamName, *name)
	equal("DeliveryStreamARN", *found.DeliveryStreamARN, arn())
	equal("DeliveryStreamType", found.DeliveryStreamType, types.DeliveryStreamTypeDirectPut)
	encryption := found.DeliveryStreamEncryptionConfiguration.Status
	equal("DeliveryStreamEncryptionConfiguration", encryption, types.DeliveryStreamEncryptionStatusDisabled)
	equal("VersionId", *found.VersionId, "1")
	equal("HasMoreDestinations", *found.HasMoreDestinations, false)
	if age := time.Since(*found.CreateTimestamp); age.Abs() > soon {
		fail("it was made %s ago", age)
	}
	hasDestination(found, bucket, function, *name+"/", hints(1, 60))
}

// What was sent, and the defaults.
func hasDestination(
	description *types.DeliveryStreamDescription, bucket, function, prefix string, hints *types.BufferingHints,
) {
	equal("the number of destinations", len(description.Destinations), 1)
	equal("DestinationId", *description.Destinations[0].DestinationId, destination)
	found := description.Destinations[0].ExtendedS3DestinationDescription
	equal("RoleARN", *found.RoleARN, role)
	equal("BucketARN", *found.BucketARN, "arn:aws:s3:::"+bucket)
	equal("Prefix", aws.ToString(found.Prefix), prefix)
	equal("ErrorOutputPrefix", aws.ToString(found.ErrorOutputPrefix), "failed/")
	equal("BufferingHints", found.BufferingHints, hints)
	equal("CompressionFormat", found.CompressionFormat, types.CompressionFormatGzip)
	encryption := found.EncryptionConfiguration.NoEncryptionConfig
	equal("EncryptionConfiguration", encryption, types.NoEncryptionConfigNoEncryption)
	equal("S3BackupMode", found.S3BackupMode, types.S3BackupModeDisabled)
	equal("Enabled", *found.ProcessingConfiguration.Enabled, true)
	equal("the number of processors", len(found.ProcessingConfiguration.Processors), 1)
	processor := found.ProcessingConfiguration.Processors[0]
	equal("Type", processor.Type, types.ProcessorTypeLambda)
	var parameters [][2]string
	for _, found := range processor.Parameters {
		parameters = append(parameters, [2]string{string(found.ParameterName), *found.ParameterValue})
	}
	equal("Parameters", parameters, [][2]string{
		{"LambdaArn", function},
		{"NumberOfRetries", "3"},
		{"RoleArn", role},
		{"BufferSizeInMBs", "1"},
		{"BufferIntervalInSeconds", "60"},
	})
}
