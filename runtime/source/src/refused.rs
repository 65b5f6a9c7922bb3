use standpipe_record::{Cause, Failure, MAX_RECORD_BYTES};

/// A line that is too long to be a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The offset of its first byte in the input.
    pub offset: u64,
    /// Its whole length in bytes, without the newline.
    pub length: u64,
    /// Its first bytes: as many as a record may have.
    pub head: Vec<u8>,
    /// When it ended, in milliseconds since 1970.
    pub arrival_ms: u64,
    /// How many records of the batch that was being filled come before it.
    pub before: usize,
}

impl Refused {
    /// What the error output says of it. It never was in a batch, so `index` is the caller's choice.
    pub fn failure(&self, index: u32) -> Failure {
        let length = self.length;
        Failure {
            index,
            cause: Cause::Refused,
            code: "record-too-large".to_owned(),
            message: format!("the line has {length} bytes; the limit is {MAX_RECORD_BYTES}; split it up"),
            plugin: None,
            captured: String::new(),
            backtrace: String::new(),
            attempts: 0,
        }
    }
}
