import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.firehose.FirehoseClient;
import software.amazon.awssdk.services.firehose.model.*;
import software.amazon.awssdk.services.firehose.model.Record;

/**
 * The whole life of a stream, by the AWS SDK for Java; every answer is checked.
 *
 * <p>`URL life NAME BUCKET FUNCTION SLOW` makes a stream, uses it and changes it; SLOW is one of the config that takes
 * three records in a second. `URL delete NAME` ends it.
 */
class Life extends Check {
    static final String ROLE = "arn:aws:iam::000000000000:role/delivery";
    static final String DESTINATION = "destinationId-000000000001";
    static final String ID = System.getenv("AWS_ACCESS_KEY_ID");
    static final String SECRET = System.getenv("AWS_SECRET_ACCESS_KEY");

    final String url;
    final String name;
    final String arn;
    final FirehoseClient firehose;
    int steps;

    Life(String url, String name) {
        this.url = url;
        this.name = name;
        arn = "arn:aws:firehose:us-east-1:000000000000:deliverystream/" + name;
        firehose = client(ID, SECRET);
    }

    FirehoseClient client(String id, String secret) {
        return FirehoseClient.builder()
                .endpointOverride(URI.create(url))
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(id, secret)))
                .httpClientBuilder(UrlConnectionHttpClient.builder())
                .build();
    }

    /** What follows is another step, so that a failure comes after its name. */
    void step(String what) {
        System.out.println(++steps + ". " + what);
    }

    static Record record(String text) {
        return Record.builder().data(SdkBytes.fromUtf8String(text)).build();
    }

    static Record line(int number) {
        return record("{\"id\":" + number + "}");
    }

    static Tag tag(String key, String value) {
        return Tag.builder().key(key).value(value).build();
    }

    static BufferingHints hints(int megabytes, int seconds) {
        return BufferingHints.builder().sizeInMBs(megabytes).intervalInSeconds(seconds).build();
    }

    static ProcessingConfiguration lambda(String... namesAndValues) {
        List<ProcessorParameter> parameters = new ArrayList<>();
        for (int at = 0; at < namesAndValues.length; at += 2) {
            parameters.add(ProcessorParameter.builder()
                    .parameterName(namesAndValues[at])
                    .parameterValue(namesAndValues[at + 1])
                    .build());
        }
        Processor processor = Processor.builder().type(ProcessorType.LAMBDA).parameters(parameters).build();
        return ProcessingConfiguration.builder().enabled(true).processors(processor).build();
    }

    DeliveryStreamDescription described() {
        return firehose.describeDeliveryStream(ask -> ask.deliveryStreamName(name)).deliveryStreamDescription();
    }

    void create(String bucket, String function) {
        step("create");
        CreateDeliveryStreamRequest create = CreateDeliveryStreamRequest.builder()
                .deliveryStreamName(name)
                .deliveryStreamType(DeliveryStreamType.DIRECT_PUT)
                .extendedS3DestinationConfiguration(to -> to.roleARN(ROLE)
                        .bucketARN("arn:aws:s3:::" + bucket)
                        .prefix(name + "/")
                        .errorOutputPrefix("failed/")
                        .bufferingHints(hints(1, 60))
                        .compressionFormat(CompressionFormat.GZIP)
                        .processingConfiguration(lambda("LambdaArn", function)))
                .tags(tag("team", "web"), tag("stage", "test"))
                .build();
        equal("DeliveryStreamARN", firehose.createDeliveryStream(create).deliveryStreamARN(), arn);
        step("a name is taken once");
        refused(
                "ResourceInUseException",
                ResourceInUseException.class,
                () -> firehose.createDeliveryStream(create));
    }

    void describe(String bucket, String function) throws InterruptedException {
        step("describe until it is active");
        until("active", () -> described().deliveryStreamStatus() == DeliveryStreamStatus.ACTIVE);
        DeliveryStreamDescription found = described();
        equal("DeliveryStreamName", found.deliveryStreamName(), name);
        equal("DeliveryStreamARN", found.deliveryStreamARN(), arn);
        equal("DeliveryStreamType", found.deliveryStreamType(), DeliveryStreamType.DIRECT_PUT);
        equal(
                "DeliveryStreamEncryptionConfiguration",
                found.deliveryStreamEncryptionConfiguration().status(),
                DeliveryStreamEncryptionStatus.DISABLED);
        equal("VersionId", found.versionId(), "1");
        equal("HasMoreDestinations", found.hasMoreDestinations(), false);
        Duration age = Duration.between(found.createTimestamp(), Instant.now()).abs();
        check(age.compareTo(SOON) < 0, "it was made " + age + " ago");
        hasDestination(found, bucket, function, name + "/", hints(1, 60));
    }

    /** What was sent, and the defaults. */
    void hasDestination(
            DeliveryStreamDescription description,
            String bucket,
            String function,
            String prefix,
            BufferingHints hints) {
        equal("the number of destinations", description.destinations().size(), 1);
        equal("DestinationId", description.destinations().get(0).destinationId(), DESTINATION);
        ExtendedS3DestinationDescription found =
                description.destinations().get(0).extendedS3DestinationDescription();
        equal("RoleARN", found.roleARN(), ROLE);
        equal("BucketARN", found.bucketARN(), "arn:aws:s3:::" + bucket);
        equal("Prefix", found.prefix(), prefix);
        equal("ErrorOutputPrefix", found.errorOutputPrefix(), "failed/");
        equal("BufferingHints", found.bufferingHints(), hints);
        equal("CompressionFormat", found.compressionFormat(), CompressionFormat.GZIP);
        equal(
                "EncryptionConfiguration",
                found.encryptionConfiguration().noEncryptionConfig(),
                NoEncryptionConfig.NO_ENCRYPTION);
        equal("S3BackupMode", found.s3BackupMode(), S3BackupMode.DISABLED);
        ProcessingConfiguration wanted = lambda(
                "LambdaArn", function,
                "NumberOfRetries", "3",
                "RoleArn", ROLE,
                "BufferSizeInMBs", "1",
                "BufferIntervalInSeconds", "60");
        equal("ProcessingConfiguration", found.processingConfiguration(), wanted);
    }

    void put() {
        step("put a record");
        putOne(1);
        step("put a batch, of which the function fails one");
        PutRecordBatchResponse told = firehose.putRecordBatch(batch ->
                batch.deliveryStreamName(name).records(line(2), line(3), record("no JSON"), line(4)));
        equal("FailedPutCount", told.failedPutCount(), 0);
        equal("the number of answers", told.requestResponses().size(), 4);
        for (PutRecordBatchResponseEntry answer : told.requestResponses()) {
            check(answer.recordId() != null && !answer.recordId().isEmpty(), "it has no id: " + answer);
        }
    }

    void putOne(int number) {
        String id = firehose.putRecord(put -> put.deliveryStreamName(name).record(line(number))).recordId();
        check(id != null && !id.isEmpty(), "it has no id");
    }

    void throttle(String slow) throws InterruptedException {
        step("resend what is refused");
        List<Record> left = new ArrayList<>();
        for (int number = 1; number <= 8; number++) {
            left.add(line(number));
        }
        int[] refusals = {0};
        until("all are taken", () -> {
            List<PutRecordBatchResponseEntry> answers;
            int count;
            try {
                PutRecordBatchResponse told =
                        firehose.putRecordBatch(batch -> batch.deliveryStreamName(slow).records(left));
                answers = told.requestResponses();
                count = told.failedPutCount();
            } catch (ServiceUnavailableException none) {
                return false;
            }
            equal("the number of answers", answers.size(), left.size());
            List<Record> failed = new ArrayList<>();
            for (int at = 0; at < answers.size(); at++) {
                PutRecordBatchResponseEntry answer = answers.get(at);
                if (answer.recordId() == null) {
                    equal("ErrorCode", answer.errorCode(), "ServiceUnavailableException");
                    equal("ErrorMessage", answer.errorMessage(), "Slow down.");
                    failed.add(left.get(at));
                }
            }
            equal("FailedPutCount", count, failed.size());
            refusals[0] += count;
            left.retainAll(failed);
            return left.isEmpty();
        });
        check(refusals[0] > 0, "nothing was refused");
    }

    void update(String bucket, String function, String slow) {
        step("update");
        String prefix = name + "/second/";
        UpdateDestinationRequest update = UpdateDestinationRequest.builder()
                .deliveryStreamName(name)
                .destinationId(DESTINATION)
                .currentDeliveryStreamVersionId("1")
                .extendedS3DestinationUpdate(to -> to.prefix(prefix).bufferingHints(hints(2, 1)))
                .build();
        firehose.updateDestination(update);
        DeliveryStreamDescription found = described();
        equal("VersionId", found.versionId(), "2");
        equal("DeliveryStreamStatus", found.deliveryStreamStatus(), DeliveryStreamStatus.ACTIVE);
        hasDestination(found, bucket, function, prefix, hints(2, 1));
        step("put after the update");
        putOne(5);
        step("a version that has passed is refused");
        refused(
                "ConcurrentModificationException",
                ConcurrentModificationException.class,
                () -> firehose.updateDestination(update));
        step("a stream of the config is not changed");
        UpdateDestinationRequest other = update.toBuilder().deliveryStreamName(slow).build();
        refused(
                "InvalidArgumentException",
                InvalidArgumentException.class,
                () -> firehose.updateDestination(other));
    }

    void tags() {
        step("tags, by pages");
        equal("tags", listedTags(), Map.of("stage", "test", "team", "web"));
        step("tag");
        firehose.tagDeliveryStream(
                change -> change.deliveryStreamName(name).tags(tag("stage", "live"), tag("cost", "")));
        equal("tags", listedTags(), Map.of("cost", "", "stage", "live", "team", "web"));
        step("untag");
        firehose.untagDeliveryStream(change -> change.deliveryStreamName(name).tagKeys("team", "cost"));
        equal("tags", listedTags(), Map.of("stage", "live"));
    }

    /** In pages of one. */
    Map<String, String> listedTags() {
        Map<String, String> found = new HashMap<>();
        for (String[] after = {null}; ; ) {
            ListTagsForDeliveryStreamResponse page = firehose.listTagsForDeliveryStream(
                    list -> list.deliveryStreamName(name).limit(1).exclusiveStartTagKey(after[0]));
            equal("the length of a page", page.tags().size(), 1);
            after[0] = page.tags().get(0).key();
            found.put(after[0], page.tags().get(0).value());
            if (!page.hasMoreTags()) {
                return found;
            }
        }
    }

    /** In pages of one. */
    List<String> names() {
        List<String> found = new ArrayList<>();
        for (String[] after = {null}; ; ) {
            ListDeliveryStreamsResponse page = firehose.listDeliveryStreams(
                    list -> list.limit(1).exclusiveStartDeliveryStreamName(after[0]));
            equal("the length of a page", page.deliveryStreamNames().size(), 1);
            after[0] = page.deliveryStreamNames().get(0);
            found.add(after[0]);
            if (!page.hasMoreDeliveryStreams()) {
                return found;
            }
        }
    }

    void errors() {
        step("a size that none may have");
        refused("ValidationException", () -> firehose.createDeliveryStream(create -> create
                .deliveryStreamName("large")
                .extendedS3DestinationConfiguration(to ->
                        to.roleARN(ROLE).bucketARN("arn:aws:s3:::large").bufferingHints(hints(129, 60)))));
        step("a name that none may have");
        refused("ValidationException", () -> describe(firehose, "a name!"));
        step("a stream that is not there");
        refused(
                "ResourceNotFoundException",
                ResourceNotFoundException.class,
                () -> describe(firehose, "nosuch"));
        step("a wrong secret");
        refused("InvalidSignatureException", () -> describe(client(ID, "wrong"), name));
        step("a key of nobody");
        refused("UnrecognizedClientException", () -> describe(client("AKIANOBODY", SECRET), name));
    }

    static void describe(FirehoseClient firehose, String name) {
        firehose.describeDeliveryStream(ask -> ask.deliveryStreamName(name));
    }

    void life(String bucket, String function, String slow) throws InterruptedException {
        create(bucket, function);
        describe(bucket, function);
        put();
        throttle(slow);
        update(bucket, function, slow);
        tags();
        step("list, by pages");
        equal("streams", names(), List.copyOf(new TreeSet<>(List.of(name, slow))));
        errors();
    }

    void delete() throws InterruptedException {
        step("delete");
        firehose.deleteDeliveryStream(end -> end.deliveryStreamName(name));
        step("describe until it is gone");
        until("gone", () -> {
            try {
                equal("DeliveryStreamStatus", described().deliveryStreamStatus(), DeliveryStreamStatus.DELETING);
                return false;
            } catch (ResourceNotFoundException gone) {
                return true;
            }
        });
        check(!names().contains(name), "it is listed");
    }

    public static void main(String[] arguments) throws InterruptedException {
        Life life = new Life(arguments[0], arguments[2]);
        if (arguments[1].equals("life")) {
            life.life(arguments[3], arguments[4], arguments[5]);
        } else {
            life.delete();
        }
        System.out.println("passed: " + life.steps + " steps");
    }
}
