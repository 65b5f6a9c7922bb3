//! Gives each object a zone: the example that is the same plugin in every language.

const std = @import("std");
const standpipe = @import("each.zig");

pub const panic = standpipe.panic;

const Params = struct { zones: []const []const u8 };

fn transform(
    arena: std.mem.Allocator,
    record: standpipe.Record,
    params: Params,
    out: *standpipe.Outputs,
) !standpipe.Verdict {
    var object = try parse(arena, record.payload) orelse
        return standpipe.fail("not-json", "the record is not a JSON object");
    const kind = if (object.get("kind")) |kind| (if (kind == .string) kind.string else "") else "";
    if (std.mem.eql(u8, kind, "debug")) {
        standpipe.count("dropped", 1);
        return .dropped;
    }
    if (std.mem.eql(u8, kind, "corrupt")) return standpipe.fail("corrupt", "kind `corrupt` is refused");
    const global = std.mem.eql(u8, kind, "global");
    if (global) standpipe.log(.debug, "global record");

    const zones = params.zones[0..if (global) params.zones.len else 1];
    for (zones) |zone| {
        try object.put(arena, "zone", .{ .string = zone });
        const payload = try std.json.Stringify.valueAlloc(arena, std.json.Value{ .object = object }, .{});
        try out.emit(payload, .{.{ "zone", zone }});
    }
    standpipe.count("emitted", zones.len);
    return .emitted;
}

/// The record as an object. Numbers stay as they are written.
fn parse(arena: std.mem.Allocator, payload: []const u8) !?std.json.ObjectMap {
    const value = std.json.parseFromSliceLeaky(std.json.Value, arena, payload, .{
        .parse_numbers = false,
        .duplicate_field_behavior = .use_last,
    }) catch |e| return if (e == error.OutOfMemory) e else null;
    return if (value == .object) value.object else null;
}

comptime {
    standpipe.plugin(Params, transform);
}

test "a global record goes to every zone" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    var out: standpipe.Outputs = .{ .arena = arena.allocator() };
    const record: standpipe.Record = .{ .payload = "{\"kind\":\"global\"}" };
    const verdict = try transform(arena.allocator(), record, .{ .zones = &.{ "eu", "us" } }, &out);
    try std.testing.expectEqual(.emitted, verdict);
    for (out.list.items, [_][]const u8{ "eu", "us" }) |output, zone| {
        var printed: [64]u8 = undefined;
        const expected = try std.fmt.bufPrint(&printed, "{{\"kind\":\"global\",\"zone\":\"{s}\"}}", .{zone});
        try std.testing.expectEqualStrings(expected, output.payload.slice());
        try std.testing.expectEqualStrings(zone, output.columns.slice()[0].value.slice());
    }
}

test "what is no object fails" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    var out: standpipe.Outputs = .{ .arena = arena.allocator() };
    const verdict = try transform(arena.allocator(), .{ .payload = "[1]" }, .{ .zones = &.{"eu"} }, &out);
    try std.testing.expectEqualStrings("not-json", verdict.failed.code);
}
