//! A WASI command that speaks the contract of Firehose's Lambda functions: the event on standard input, the reply on
//! standard output, one event for each run. It gives each object a zone, as a partition key too.

const std = @import("std");
const json = std.json;
const base64 = std.base64.standard;

const Event = struct {
    records: []const struct { recordId: []const u8, data: []const u8 },
};

const Keys = struct { zone: []const u8 };

const Reply = struct {
    recordId: []const u8,
    result: enum { Ok, Dropped, ProcessingFailed },
    data: ?[]const u8 = null,
    metadata: ?struct { partitionKeys: Keys } = null,
};

pub fn main(init: std.process.Init) !void {
    const arena = init.arena.allocator();
    var in_buffer: [16 << 10]u8 = undefined;
    var in = std.Io.File.stdin().readerStreaming(init.io, &in_buffer);
    const text = try in.interface.allocRemaining(arena, .unlimited);
    const event = try json.parseFromSliceLeaky(Event, arena, text, .{ .ignore_unknown_fields = true });

    const replies = try arena.alloc(Reply, event.records.len);
    for (event.records, replies) |record, *reply| {
        const payload = try arena.alloc(u8, try base64.Decoder.calcSizeForSlice(record.data));
        try base64.Decoder.decode(payload, record.data);
        reply.* = transform(arena, record.recordId, payload) catch |e| failed: {
            // What is written to standard error gets into the plugin's log.
            std.debug.print("{s}: {t}\n", .{ record.recordId, e });
            break :failed .{ .recordId = record.recordId, .result = .ProcessingFailed };
        };
    }

    var out_buffer: [16 << 10]u8 = undefined;
    var out = std.Io.File.stdout().writerStreaming(init.io, &out_buffer);
    try json.Stringify.value(.{ .records = replies }, .{ .emit_null_optional_fields = false }, &out.interface);
    try out.interface.flush();
}

fn transform(arena: std.mem.Allocator, id: []const u8, payload: []const u8) !Reply {
    const value = try json.parseFromSliceLeaky(json.Value, arena, payload, .{
        .parse_numbers = false,
        .duplicate_field_behavior = .use_last,
    });
    if (value != .object) return error.NotAnObject;
    var object = value.object;
    const kind = if (object.get("kind")) |kind| (if (kind == .string) kind.string else "") else "";
    if (std.mem.eql(u8, kind, "debug")) return .{ .recordId = id, .result = .Dropped };
    if (std.mem.eql(u8, kind, "corrupt")) return error.Corrupt;

    const zone = "eu";
    try object.put(arena, "zone", .{ .string = zone });
    const output = try json.Stringify.valueAlloc(arena, json.Value{ .object = object }, .{});
    const data = try arena.alloc(u8, base64.Encoder.calcSize(output.len));
    return .{
        .recordId = id,
        .result = .Ok,
        .data = base64.Encoder.encode(data, output),
        .metadata = .{ .partitionKeys = .{ .zone = zone } },
    };
}
