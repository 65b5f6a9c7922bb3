//! The `standpipe` program.

#[cfg_attr(not(test), expect(dead_code, reason = "`check` shows findings with it"))]
mod report;

fn main() {}
