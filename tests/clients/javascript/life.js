// The whole life of a stream, by the AWS SDK for JavaScript; every answer is checked.
//
// `life.js URL life NAME BUCKET FUNCTION SLOW` makes a stream, uses it and changes it; SLOW is one of the config that takes
// three records in a second. `life.js URL delete NAME` ends it.

"use strict";

const assert = require("node:assert/strict");
const sdk = require("@aws-sdk/client-firehose");

const ARN = "arn:aws:firehose:us-east-1:000000000000:deliverystream/";
const ROLE = "arn:aws:iam::000000000000:role/delivery";
const DESTINATION = "destinationId-000000000001";
const SOON = 60_000;
const { AWS_ACCESS_KEY_ID: ID, AWS_SECRET_ACCESS_KEY: SECRET } = process.env;
const [url, mode, name, bucket, lambda, slow] = process.argv.slice(2);
const client = (accessKeyId, secretAccessKey) =>
    new sdk.Firehose({ endpoint: url, region: "us-east-1", credentials: { accessKeyId, secretAccessKey } });
const firehose = client(ID, SECRET);
const stream = { DeliveryStreamName: name };
let steps = 0;

/** What follows is another step, so that a failure comes after its name. */
const step = (what) => console.log(`${++steps}. ${what}`);

/** There may be more members than these. */
function holds(found, wanted) {
    for (const [member, value] of Object.entries(wanted)) {
        assert.deepEqual(found[member], value, `${member}: found ${JSON.stringify(found[member])}`);
    }
}

/** Refused with this code; where the SDK has a class for it, with that. */
async function refused(code, call) {
    await assert.rejects(call, (error) => {
        assert.equal(error.name, code);
        return error instanceof (sdk[code] ?? sdk.FirehoseServiceException);
    });
}

/** Asks again until the answer is yes; not for ever. */
async function until(what, call) {
    const end = Date.now() + SOON;
    while (!(await call())) {
        assert(Date.now() < end, `it never happened: ${what}`);
        await new Promise((wake) => setTimeout(wake, 100));
    }
}

const described = async () => (await firehose.describeDeliveryStream(stream)).DeliveryStreamDescription;

function destination(description) {
    assert.equal(description.Destinations.length, 1);
    assert.equal(description.Destinations[0].DestinationId, DESTINATION);
    return description.Destinations[0].ExtendedS3DestinationDescription;
}

function processing(parameters) {
    const Parameters = Object.entries(parameters).map(([ParameterName, ParameterValue]) => ({ ParameterName, ParameterValue }));
    return { ProcessingConfiguration: { Enabled: true, Processors: [{ Type: "Lambda", Parameters }] } };
}

const record = (text) => ({ Data: new TextEncoder().encode(text) });
const line = (number) => record(`{"id":${number}}`);

/** Returns what the destination is, with the defaults. */
async function create() {
    step("create");
    const asked = {
        RoleARN: ROLE,
        BucketARN: `arn:aws:s3:::${bucket}`,
        Prefix: `${name}/`,
        ErrorOutputPrefix: "failed/",
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 60 },
        CompressionFormat: "GZIP",
    };
    const input = {
        ...stream,
        DeliveryStreamType: "DirectPut",
        ExtendedS3DestinationConfiguration: { ...asked, ...processing({ LambdaArn: lambda }) },
        Tags: [{ Key: "team", Value: "web" }, { Key: "stage", Value: "test" }],
    };
    assert.equal((await firehose.createDeliveryStream(input)).DeliveryStreamARN, ARN + name);
    step("a name is taken once");
    await refused("ResourceInUseException", () => firehose.createDeliveryStream(input));
    const filled = { NumberOfRetries: "3", RoleArn: ROLE, BufferSizeInMBs: "1", BufferIntervalInSeconds: "60" };
    const unasked = { EncryptionConfiguration: { NoEncryptionConfig: "NoEncryption" }, S3BackupMode: "Disabled" };
    return { ...asked, ...processing({ LambdaArn: lambda, ...filled }), ...unasked };
}

async function describe(wanted) {
    step("describe until it is active");
    await until("active", async () => (await described()).DeliveryStreamStatus === "ACTIVE");
    const found = await described();
    holds(found, {
        ...stream,
        DeliveryStreamARN: ARN + name,
        DeliveryStreamType: "DirectPut",
        DeliveryStreamEncryptionConfiguration: { Status: "DISABLED" },
        VersionId: "1",
        HasMoreDestinations: false,
    });
    assert(Math.abs(Date.now() - found.CreateTimestamp) < SOON, `it was made at ${found.CreateTimestamp}`);
    holds(destination(found), wanted);
}

async function put() {
    step("put a record");
    assert((await firehose.putRecord({ ...stream, Record: line(1) })).RecordId);
    step("put a batch, of which the function fails one");
    const Records = [line(2), line(3), record("no JSON"), line(4)];
    const told = await firehose.putRecordBatch({ ...stream, Records });
    assert.equal(told.FailedPutCount, 0);
    assert.equal(told.RequestResponses.filter((answer) => answer.RecordId).length, 4);
}

async function throttle() {
    step("resend what is refused");
    let left = [1, 2, 3, 4, 5, 6, 7, 8].map(line);
    let refusals = 0;
    await until("all are taken", async () => {
        let told;
        try {
            told = await firehose.putRecordBatch({ DeliveryStreamName: slow, Records: left });
        } catch (error) {
            // None of them was taken.
            assert.equal(error.name, "ServiceUnavailableException");
            return false;
        }
        assert.equal(told.RequestResponses.length, left.length);
        const failed = told.RequestResponses.filter((answer) => !answer.RecordId);
        for (const answer of failed) {
            assert.deepEqual(answer, { ErrorCode: "ServiceUnavailableException", ErrorMessage: "Slow down." });
        }
        assert.equal(told.FailedPutCount, failed.length);
        left = left.filter((_, at) => !told.RequestResponses[at].RecordId);
        refusals += failed.length;
        return left.length === 0;
    });
    assert(refusals > 0, "nothing was refused");
}

async function update(wanted) {
    step("update");
    const change = { Prefix: `${name}/second/`, BufferingHints: { SizeInMBs: 2, IntervalInSeconds: 1 } };
    const input = { DestinationId: DESTINATION, CurrentDeliveryStreamVersionId: "1", ExtendedS3DestinationUpdate: change };
    await firehose.updateDestination({ ...stream, ...input });
    const found = await described();
    holds(found, { VersionId: "2", DeliveryStreamStatus: "ACTIVE" });
    holds(destination(found), { ...wanted, ...change });
    step("put after the update");
    assert((await firehose.putRecord({ ...stream, Record: line(5) })).RecordId);
    step("a version that has passed is refused");
    await refused("ConcurrentModificationException", () => firehose.updateDestination({ ...stream, ...input }));
    step("a stream of the config is not changed");
    await refused("InvalidArgumentException", () => firehose.updateDestination({ DeliveryStreamName: slow, ...input }));
}

/** All items of a list that is read one by one. `start` has the next page begin after an item. */
async function pages(call, member, more, start) {
    const found = [];
    for (let page, next = {}; page === undefined || page[more]; next = start(found.at(-1))) {
        page = await call({ Limit: 1, ...next });
        assert.equal(page[member].length, 1, "the length of a page");
        found.push(...page[member]);
    }
    return found;
}

async function tags() {
    const list = (input) => firehose.listTagsForDeliveryStream({ ...stream, ...input });
    const listed = async (wanted) => {
        const found = await pages(list, "Tags", "HasMoreTags", (tag) => ({ ExclusiveStartTagKey: tag.Key }));
        assert.deepEqual(Object.fromEntries(found.map((tag) => [tag.Key, tag.Value])), wanted);
    };
    step("tags, by pages");
    await listed({ stage: "test", team: "web" });
    step("tag");
    await firehose.tagDeliveryStream({ ...stream, Tags: [{ Key: "stage", Value: "live" }, { Key: "cost", Value: "" }] });
    await listed({ cost: "", stage: "live", team: "web" });
    step("untag");
    await firehose.untagDeliveryStream({ ...stream, TagKeys: ["team", "cost"] });
    await listed({ stage: "live" });
}

function names() {
    const start = (last) => ({ ExclusiveStartDeliveryStreamName: last });
    const list = (input) => firehose.listDeliveryStreams(input);
    return pages(list, "DeliveryStreamNames", "HasMoreDeliveryStreams", start);
}

async function errors() {
    step("a size that none may have");
    const hints = { SizeInMBs: 129, IntervalInSeconds: 60 };
    const large = { RoleARN: ROLE, BucketARN: "arn:aws:s3:::large", BufferingHints: hints };
    const input = { DeliveryStreamName: "large", ExtendedS3DestinationConfiguration: large };
    await refused("ValidationException", () => firehose.createDeliveryStream(input));
    for (const [what, code, caller, asked] of [
        ["a name that none may have", "ValidationException", firehose, "a name!"],
        ["a stream that is not there", "ResourceNotFoundException", firehose, "nosuch"],
        ["a wrong secret", "InvalidSignatureException", client(ID, "wrong"), name],
        ["a key of nobody", "UnrecognizedClientException", client("AKIANOBODY", SECRET), name],
    ]) {
        step(what);
        await refused(code, () => caller.describeDeliveryStream({ DeliveryStreamName: asked }));
    }
}

async function life() {
    const wanted = await create();
    await describe(wanted);
    await put();
    await throttle();
    await update(wanted);
    await tags();
    step("list, by pages");
    assert.deepEqual(await names(), [name, slow].sort());
    await errors();
}

async function end() {
    step("delete");
    await firehose.deleteDeliveryStream(stream);
    step("describe until it is gone");
    await until("gone", async () => {
        try {
            assert.equal((await described()).DeliveryStreamStatus, "DELETING");
        } catch (error) {
            return error instanceof sdk.ResourceNotFoundException || Promise.reject(error);
        }
    });
    assert(!(await names()).includes(name), "it is listed");
}

({ life, delete: end })[mode]().then(
    () => console.log(`passed: ${steps} steps`),
    (error) => {
        console.error(error);
        process.exitCode = 1;
    },
);
