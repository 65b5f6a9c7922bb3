//! Interface `each` of Standpipe's contract, by hand: what a Zig plugin needs instead of an SDK. Copy it beside yours.
//!
//! Everything that belongs to one record lives in one arena: what the host passes in, what the plugin allocates, and
//! the answer, which has to stay until the host has read it and calls `cabi_post`.

const std = @import("std");
const builtin = @import("builtin");

pub const Level = enum(u8) { trace, debug, info, warn, err };

/// A list as the canonical ABI has it.
fn List(comptime T: type) type {
    return extern struct {
        ptr: [*]const T,
        len: usize,

        const Self = @This();

        pub fn of(items: []const T) Self {
            // The pointer of an empty list has to lie within memory, too; Zig's need not.
            return .{ .ptr = if (items.len == 0) @ptrCast(&area) else items.ptr, .len = items.len };
        }

        pub fn slice(self: Self) []const T {
            return self.ptr[0..self.len];
        }
    };
}

pub const Bytes = List(u8);
pub const Column = extern struct { name: Bytes, value: Bytes };
const Output = extern struct { payload: Bytes, columns: List(Column) };

pub const Failure = struct { code: []const u8, message: []const u8 };

/// What became of a record. One that is emitted has at least one output.
pub const Verdict = union(enum) { emitted, dropped, failed: Failure };

pub fn fail(code: []const u8, message: []const u8) Verdict {
    return .{ .failed = .{ .code = code, .message = message } };
}

pub const Record = struct {
    payload: []const u8,
    arrival_ms: u64 = 0,
    columns: []const Column = &.{},

    /// A column that `plugin.json` asks for, if the record has it.
    pub fn column(self: Record, name: []const u8) ?[]const u8 {
        for (self.columns) |c| if (std.mem.eql(u8, c.name.slice(), name)) return c.value.slice();
        return null;
    }
};

/// The outputs of one record. What they point to has to live in `arena`, or longer.
pub const Outputs = struct {
    arena: std.mem.Allocator,
    list: std.ArrayList(Output) = .empty,

    /// Adds an output. Each of `columns` has a name and a value: `.{ .{ "tenant", tenant } }`.
    pub fn emit(self: *Outputs, payload: []const u8, columns: anytype) !void {
        const own = try self.arena.alloc(Column, columns.len);
        inline for (columns, 0..) |column, i| own[i] = .{ .name = .of(column[0]), .value = .of(column[1]) };
        try self.list.append(self.arena, .{ .payload = .of(payload), .columns = .of(own) });
    }
};

const host = struct {
    extern "standpipe:transform/host@0.1.0" fn log(level: u32, ptr: [*]const u8, len: usize) void;
    extern "standpipe:transform/host@0.1.0" fn count(ptr: [*]const u8, len: usize, value: u64) void;
};

const in_wasm = builtin.target.cpu.arch.isWasm();

pub fn log(level: Level, message: []const u8) void {
    if (in_wasm) host.log(@backingInt(level), message.ptr, message.len);
}

pub fn count(metric: []const u8, value: u64) void {
    if (in_wasm) host.count(metric.ptr, metric.len, value);
}

/// A trap says nothing, so a panic is logged first: `pub const panic = standpipe.panic;`
pub const panic = std.debug.FullPanic(struct {
    fn panic(message: []const u8, _: ?usize) noreturn {
        log(.err, message);
        @trap();
    }
}.panic);

/// What the exports answer: `result<verdict, error>`, and of `init` `result<_, error>`.
const Answer = extern struct { is_error: u32 = 0, is: extern union { verdict: Tagged, failure: Words } };
const Tagged = extern struct { tag: u32, is: extern union { outputs: List(Output), failure: Words } };
const Words = extern struct {
    code: Bytes,
    message: Bytes,

    fn of(failure: Failure) Words {
        return .{ .code = .of(failure.code), .message = .of(failure.message) };
    }
};

var area: Answer = undefined;

fn answer(verdict: Verdict, outputs: *const Outputs) Tagged {
    return switch (verdict) {
        .emitted => .{ .tag = 0, .is = .{ .outputs = .of(outputs.list.items) } },
        .dropped => .{ .tag = 1, .is = undefined },
        .failed => |failure| .{ .tag = 2, .is = .{ .failure = .of(failure) } },
    };
}

var arena: std.heap.ArenaAllocator = .init(if (in_wasm) std.heap.wasm_allocator else std.heap.page_allocator);

/// The function that a plugin with these params is.
pub fn Transform(comptime Params: type) type {
    return fn (std.mem.Allocator, Record, Params, *Outputs) anyerror!Verdict;
}

/// Exports a plugin: the type of its params, and the function that is called for each record.
pub fn plugin(comptime Params: type, comptime transform: Transform(Params)) void {
    if (!in_wasm) return;
    const name = "standpipe:transform/each@0.1.0#";
    const S = struct {
        var params: Params = undefined;
        var kept: std.heap.ArenaAllocator = .init(std.heap.wasm_allocator);

        fn init(ptr: [*]const u8, len: usize, _: [*]const u8, _: usize) callconv(.c) *const anyopaque {
            const options: std.json.ParseOptions = .{ .allocate = .alloc_always };
            if (std.json.parseFromSliceLeaky(Params, kept.allocator(), ptr[0..len], options)) |parsed| {
                params = parsed;
                area = .{ .is = undefined };
            } else |e| {
                const failure: Failure = .{ .code = "bad-params", .message = @errorName(e) };
                area = .{ .is_error = 1, .is = .{ .failure = .of(failure) } };
            }
            _ = arena.reset(.retain_capacity);
            return &area;
        }

        fn each(
            ptr: [*]const u8,
            len: usize,
            arrival_ms: u64,
            columns: [*]const Column,
            columns_len: usize,
        ) callconv(.c) *const anyopaque {
            var outputs: Outputs = .{ .arena = arena.allocator() };
            const record: Record = .{
                .payload = ptr[0..len],
                .arrival_ms = arrival_ms,
                .columns = columns[0..columns_len],
            };
            const verdict = transform(arena.allocator(), record, params, &outputs) catch |e|
                fail("error", @errorName(e));
            area = .{ .is = .{ .verdict = answer(verdict, &outputs) } };
            return &area;
        }

        fn post(_: *const anyopaque) callconv(.c) void {
            // One huge record must not keep its memory for ever.
            _ = arena.reset(.{ .retain_with_limit = 1 << 20 });
        }

        fn realloc(old: [*]u8, old_len: usize, alignment: usize, len: usize) callconv(.c) [*]u8 {
            if (len == 0) return @ptrFromInt(alignment);
            _ = .{ old, old_len };
            return arena.allocator().rawAlloc(len, .fromByteUnits(alignment), @returnAddress()) orelse
                @panic("out of memory");
        }
    };
    @export(&S.init, .{ .name = name ++ "init" });
    @export(&S.each, .{ .name = name ++ "transform" });
    @export(&S.post, .{ .name = "cabi_post_" ++ name ++ "transform" });
    @export(&S.realloc, .{ .name = "cabi_realloc" });
}
