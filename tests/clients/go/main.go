// The whole life of a stream, by the AWS SDK for Go; every answer is checked.
//
// `PROGRAM URL life NAME BUCKET FUNCTION SLOW` makes a stream, uses it and changes it; SLOW is one of the config that takes
// three records in a second. `PROGRAM URL delete NAME` ends it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/smithy-go"
)

const (
	role        = "arn:aws:iam::000000000000:role/delivery"
	destination = "destinationId-000000000001"
	soon        = time.Minute
)

var (
	url        = os.Args[1]
	name       = aws.String(os.Args[3])
	id, secret = os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	service    = client(id, secret)
	background = context.Background()
	steps      int
)

func client(id, secret string) *firehose.Client {
	keys := func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	}
	return firehose.New(firehose.Options{
		BaseEndpoint: &url,
		Region:       "us-east-1",
		Credentials:  aws.CredentialsProviderFunc(keys),
	})
}

// What follows is another step, so that a failure comes after its name.
func step(what string) {
	steps++
	fmt.Printf("%d. %s\n", steps, what)
}

func fail(format string, about ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", about...)
	os.Exit(1)
}

// The answer, without an error.
func must[T any](answer T, err error) T {
	if err != nil {
		fail("%v", err)
	}
	return answer
}

func equal(what string, found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		fail("%s: found %#v, wanted %#v", what, found, wanted)
	}
}

// Refused with this code.
func refused[T any](code string, _ T, err error) {
	var told smithy.APIError
	if !errors.As(err, &told) {
		fail("it was not refused: %s: %v", code, err)
	}
	equal("the code of the error", told.ErrorCode(), code)
}

// Refused with the error that the SDK has a type for.
func refusedAs[E error, T any](_ T, err error) {
	var told E
	if !errors.As(err, &told) {
		fail("it was not refused as %s: %v", reflect.TypeFor[E](), err)
	}
}

// Asks again until the answer is yes; not for ever.
func until(what string, call func() bool) {
	for end := time.Now().Add(soon); !call(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			fail("it never happened: %s", what)
		}
	}
}

func life(bucket, function, slow string) {
	create(bucket, function)
	describe(bucket, function)
	put()
	throttle(slow)
	update(bucket, function, slow)
	tags()
	step("list, by pages")
	wanted := []string{*name, slow}
	slices.Sort(wanted)
	equal("streams", names(), wanted)
	refusals()
}

func end() {
	step("delete")
	must(service.DeleteDeliveryStream(background, &firehose.DeleteDeliveryStreamInput{DeliveryStreamName: name}))
	step("describe until it is gone")
	until("gone", func() bool {
		told, err := service.DescribeDeliveryStream(background, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: name})
		if err != nil {
			refusedAs[*types.ResourceNotFoundException](told, err)
			return true
		}
		status := told.DeliveryStreamDescription.DeliveryStreamStatus
		equal("DeliveryStreamStatus", status, types.DeliveryStreamStatusDeleting)
		return false
	})
	if slices.Contains(names(), *name) {
		fail("it is listed")
	}
}

func main() {
	switch os.Args[2] {
	case "life":
		life(os.Args[4], os.Args[5], os.Args[6])
	case "delete":
		end()
	default:
		fail("usage: PROGRAM URL life NAME BUCKET FUNCTION SLOW | delete NAME")
	}
	fmt.Printf("passed: %d steps\n", steps)
}
