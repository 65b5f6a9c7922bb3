//! Parses a JSON object, adds a member, prints it.

const std = @import("std");
const batch = @import("batch.zig");

fn seen(arena: std.mem.Allocator, record: []const u8, out: *std.Io.Writer) batch.Error!void {
    const value = std.json.parseFromSliceLeaky(std.json.Value, arena, record, .{
        .parse_numbers = false,
        .duplicate_field_behavior = .use_last,
    }) catch |e| return if (e == error.OutOfMemory) error.OutOfMemory else error.NotJson;
    if (value != .object) return error.NotJson;
    var object = value.object;
    try object.put(arena, "seen", .{ .bool = true });
    try std.json.Stringify.value(std.json.Value{ .object = object }, .{}, out);
}

comptime {
    batch.plugin(seen);
}
