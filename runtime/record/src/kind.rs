/// What whoever receives an error should do about it. Code branches on kinds, people read messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It may pass: try again later.
    Retry,
    /// It will not pass for this record or object; others may go on.
    Reject,
    /// What the user gave (a file, a flag, a plugin) has to be mended first.
    Invalid,
    /// Bytes that were kept are not what was written.
    Corrupt,
    /// A defect of this program.
    Bug,
}
