//! As much of interface `batch` as the plugin beside it needs: no columns, no params. The buffers of the answer are
//! kept from call to call; what the host passes in is freed when it has read the answer.

const std = @import("std");

const gpa = std.heap.wasm_allocator;

fn List(comptime T: type) type {
    return extern struct {
        ptr: [*]const T,
        len: usize,

        fn of(items: []const T) @This() {
            return .{ .ptr = if (items.len == 0) @ptrCast(&area) else items.ptr, .len = items.len };
        }
    };
}

const Failure = extern struct { index: u32, code: List(u8), message: List(u8) };

var area: extern struct {
    is_error: u32 = 0,
    payload: List(u8),
    ends: List(u32),
    origins: List(u32),
    columns: List(u8),
    dropped: List(u32),
    failed: List(Failure),
} = undefined;

var input: std.heap.ArenaAllocator = .init(gpa);
var scratch: std.heap.ArenaAllocator = .init(gpa);
var payload: std.Io.Writer.Allocating = .init(gpa);
var ends: std.ArrayList(u32) = .empty;
var origins: std.ArrayList(u32) = .empty;
var failed: std.ArrayList(Failure) = .empty;

pub const Error = error{ NotJson, OutOfMemory, WriteFailed };

/// Writes one output. `NotJson` fails the record, the others end the instance.
pub const Transform = fn (std.mem.Allocator, []const u8, *std.Io.Writer) Error!void;

pub fn plugin(comptime transform: Transform) void {
    const name = "standpipe:transform/batch@0.1.0#";
    const S = struct {
        fn init(_: [*]const u8, _: usize, _: [*]const u8, _: usize) callconv(.c) *const anyopaque {
            _ = input.reset(.retain_capacity);
            area.is_error = 0;
            return &area;
        }

        fn call(bytes: [*]const u8, _: usize, places: [*]const u32, records: usize, _: [*]const u64, _: usize, _: [*]const u8, _: usize) callconv(.c) *const anyopaque {
            batch(transform, bytes, places[0..records]) catch @trap();
            area = .{
                .payload = .of(payload.written()),
                .ends = .of(ends.items),
                .origins = .of(origins.items),
                .columns = .of(&.{}),
                .dropped = .of(&.{}),
                .failed = .of(failed.items),
            };
            return &area;
        }

        fn post(_: *const anyopaque) callconv(.c) void {
            _ = input.reset(.retain_capacity);
        }

        fn realloc(_: [*]u8, _: usize, alignment: usize, len: usize) callconv(.c) [*]u8 {
            if (len == 0) return @ptrFromInt(alignment);
            return input.allocator().rawAlloc(len, .fromByteUnits(alignment), @returnAddress()) orelse @trap();
        }
    };
    @export(&S.init, .{ .name = name ++ "init" });
    @export(&S.call, .{ .name = name ++ "transform" });
    @export(&S.post, .{ .name = "cabi_post_" ++ name ++ "transform" });
    @export(&S.realloc, .{ .name = "cabi_realloc" });
}

fn batch(comptime transform: Transform, bytes: [*]const u8, places: []const u32) !void {
    payload.clearRetainingCapacity();
    ends.clearRetainingCapacity();
    origins.clearRetainingCapacity();
    failed.clearRetainingCapacity();
    var start: u32 = 0;
    for (places, 0..) |end, index| {
        const before = payload.written().len;
        if (transform(scratch.allocator(), bytes[start..end], &payload.writer)) {
            try ends.append(gpa, payload.written().len);
            try origins.append(gpa, index);
        } else |e| {
            if (e != error.NotJson) return e;
            payload.shrinkRetainingCapacity(before);
            try failed.append(gpa, .{ .index = index, .code = .of("not-json"), .message = .of("the record is not a JSON object") });
        }
        _ = scratch.reset(.retain_capacity);
        start = end;
    }
}
