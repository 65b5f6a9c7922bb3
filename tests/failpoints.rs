//! Where the program can be told to end as if it were killed.

/// On the way of lines from a file to the log.
pub(crate) const FILES_READ: [&str; 4] =
    ["log.write.before", "log.write.after", "log.sync.before", "log.sync.after"];
/// On the way of records that are put to the log.
pub(crate) const PUTS: [&str; 2] = ["put.before", "put.after"];
/// On the way of a stream of the API to the disk, of a change of it, and of its end.
pub(crate) const MADE: [&str; 11] = [
    "begin.before",
    "begin.incarnation",
    "begin.rename",
    "begin.after",
    "define.before",
    "define.rename",
    "define.after",
    "bury.before",
    "bury.rename",
    "bury.after",
    "bury.unlink",
];
/// From there on, whatever they came by.
pub(crate) const KEPT: [&str; 19] = [
    "roll.before",
    "roll.name",
    "roll.after",
    "cut.before",
    "cut.after",
    "file.after",
    "entry.before",
    "entry.after",
    "release.before",
    "release.after",
    "link.before",
    "link.after",
    "note.before",
    "note.after",
    "unlink.after",
    "checkpoint.before",
    "checkpoint.rename",
    "checkpoint.name",
    "checkpoint.after",
];
