package main

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
)

func tag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }

func line(number int) types.Record {
	return types.Record{Data: fmt.Appendf(nil, `{"id":%d}`, number)}
}

func create(bucket, function string) {
	step("create")
	lambda := types.ProcessorParameter{ParameterName: types.ProcessorParameterNameLambdaArn, ParameterValue: &function}
	processor := types.Processor{Type: types.ProcessorTypeLambda, Parameters: []types.ProcessorParameter{lambda}}
	input := &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: name,
		DeliveryStreamType: types.DeliveryStreamTypeDirectPut,
		ExtendedS3DestinationConfiguration: &types.ExtendedS3DestinationConfiguration{
			RoleARN:           aws.String(role),
			BucketARN:         aws.String("arn:aws:s3:::" + bucket),
			Prefix:            aws.String(*name + "/"),
			ErrorOutputPrefix: aws.String("failed/"),
			BufferingHints:    hints(1, 60),
			CompressionFormat: types.CompressionFormatGzip,
			ProcessingConfiguration: &types.ProcessingConfiguration{
				Enabled:    aws.Bool(true),
				Processors: []types.Processor{processor},
			},
		},
		Tags: []types.Tag{tag("team", "web"), tag("stage", "test")},
	}
	equal("DeliveryStreamARN", *must(service.CreateDeliveryStream(background, input)).DeliveryStreamARN, arn())
	step("a name is taken once")
	refusedAs[*types.ResourceInUseException](service.CreateDeliveryStream(background, input))
}

func put() {
	step("put a record")
	putOne(1)
	step("put a batch, of which the function fails one")
	records := []types.Record{line(2), line(3), {Data: []byte("no JSON")}, line(4)}
	input := &firehose.PutRecordBatchInput{DeliveryStreamName: name, Records: records}
	told := must(service.PutRecordBatch(background, input))
	equal("FailedPutCount", *told.FailedPutCount, int32(0))
	equal("the number of answers", len(told.RequestResponses), 4)
	for _, answer := range told.RequestResponses {
		if aws.ToString(answer.RecordId) == "" {
			fail("it has no id: %#v", answer)
		}
	}
}

func putOne(number int) {
	record := line(number)
	told := must(service.PutRecord(background, &firehose.PutRecordInput{DeliveryStreamName: name, Record: &record}))
	if aws.ToString(told.RecordId) == "" {
		fail("it has no id")
	}
}

func throttle(slow string) {
	step("resend what is refused")
	var left []types.Record
	for number := 1; number <= 8; number++ {
		left = append(left, line(number))
	}
	refusals := 0
	until("all are taken", func() bool {
		input := &firehose.PutRecordBatchInput{DeliveryStreamName: &slow, Records: left}
		told, err := service.PutRecordBatch(background, input)
		if err != nil {
			// None of them was taken.
			refusedAs[*types.ServiceUnavailableException](told, err)
			return false
		}
		equal("the number of answers", len(told.RequestResponses), len(left))
		var failed []types.Record
		for at, answer := range told.RequestResponses {
			if answer.RecordId == nil {
				equal("why", *answer.ErrorCode+" "+*answer.ErrorMessage, "ServiceUnavailableException Slow down.")
				failed = append(failed, left[at])
			}
		}
		equal("FailedPutCount", int(*told.FailedPutCount), len(failed))
		left, refusals = failed, refusals+len(failed)
		return len(left) == 0
	})
	if refusals == 0 {
		fail("nothing was refused")
	}
}

func update(bucket, function, slow string) {
	step("update")
	prefix := *name + "/second/"
	input := firehose.UpdateDestinationInput{
		DeliveryStreamName:             name,
		DestinationId:                  aws.String(destination),
		CurrentDeliveryStreamVersionId: aws.String("1"),
		ExtendedS3DestinationUpdate: &types.ExtendedS3DestinationUpdate{
			Prefix:         &prefix,
			BufferingHints: hints(2, 1),
		},
	}
	must(service.UpdateDestination(background, &input))
	found := described()
	equal("VersionId", *found.VersionId, "2")
	equal("DeliveryStreamStatus", found.DeliveryStreamStatus, types.DeliveryStreamStatusActive)
	hasDestination(found, bucket, function, prefix, hints(2, 1))
	step("put after the update")
	putOne(5)
	step("a version that has passed is refused")
	refusedAs[*types.ConcurrentModificationException](service.UpdateDestination(background, &input))
	step("a stream of the config is not changed")
	input.DeliveryStreamName = &slow
	refusedAs[*types.InvalidArgumentException](service.UpdateDestination(background, &input))
}

func tags() {
	step("tags, by pages")
	hasTags(map[string]string{"stage": "test", "team": "web"})
	step("tag")
	change := []types.Tag{tag("stage", "live"), tag("cost", "")}
	must(service.TagDeliveryStream(background, &firehose.TagDeliveryStreamInput{DeliveryStreamName: name, Tags: change}))
	hasTags(map[string]string{"cost": "", "stage": "live", "team": "web"})
	step("untag")
	keys := []string{"team", "cost"}
	must(service.UntagDeliveryStream(background, &firehose.UntagDeliveryStreamInput{DeliveryStreamName: name, TagKeys: keys}))
	hasTags(map[string]string{"stage": "live"})
}

// In pages of one.
func hasTags(wanted map[string]string) {
	found := map[string]string{}
	input := &firehose.ListTagsForDeliveryStreamInput{DeliveryStreamName: name, Limit: aws.Int32(1)}
	for more := true; more; {
		page := must(service.ListTagsForDeliveryStream(background, input))
		equal("the length of a page", len(page.Tags), 1)
		found[*page.Tags[0].Key] = aws.ToString(page.Tags[0].Value)
		input.ExclusiveStartTagKey, more = page.Tags[0].Key, *page.HasMoreTags
	}
	equal("tags", found, wanted)
}

// In pages of one.
func names() (found []string) {
	input := &firehose.ListDeliveryStreamsInput{Limit: aws.Int32(1)}
	for more := true; more; {
		page := must(service.ListDeliveryStreams(background, input))
		equal("the length of a page", len(page.DeliveryStreamNames), 1)
		found = append(found, page.DeliveryStreamNames...)
		input.ExclusiveStartDeliveryStreamName, more = &page.DeliveryStreamNames[0], *page.HasMoreDeliveryStreams
	}
	return found
}

func refusals() {
	step("a size that none may have")
	large := &types.ExtendedS3DestinationConfiguration{
		RoleARN:        aws.String(role),
		BucketARN:      aws.String("arn:aws:s3:::large"),
		BufferingHints: hints(129, 60),
	}
	input := &firehose.CreateDeliveryStreamInput{DeliveryStreamName: aws.String("large"), ExtendedS3DestinationConfiguration: large}
	told, err := service.CreateDeliveryStream(background, input)
	refused("ValidationException", told, err)
	describe := func(service *firehose.Client, name string) (*firehose.DescribeDeliveryStreamOutput, error) {
		return service.DescribeDeliveryStream(background, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &name})
	}
	step("a stream that is not there")
	refusedAs[*types.ResourceNotFoundException](describe(service, "nosuch"))
	for _, wrong := range []struct {
		what, code string
		service    *firehose.Client
		name       string
	}{
		{"a name that none may have", "ValidationException", service, "a name!"},
		{"a wrong secret", "InvalidSignatureException", client(id, "wrong"), *name},
		{"a key of nobody", "UnrecognizedClientException", client("AKIANOBODY", secret), *name},
	} {
		step(wrong.what)
		told, err := describe(wrong.service, wrong.name)
		refused(wrong.code, told, err)
	}
}
