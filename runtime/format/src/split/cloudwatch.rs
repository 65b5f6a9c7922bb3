//! Envelopes of CloudWatch Logs out of gzip.

use std::fmt::Write;

use standpipe_record::Cause;

use super::envelope::{self, MessageType};
use super::gzip::{Damage, Inflater};
use super::{CloudWatchLogs, MAX_INFLATED_BYTES, Parts};

/// Where a message that quotes another library is cut, in bytes.
const MESSAGE_BYTES: usize = 220;

/// What takes envelopes out of gzip, and their messages out of them.
#[derive(Debug)]
pub(super) struct Opener {
    wanted: CloudWatchLogs,
    inflater: Inflater,
    lines: Parts,
}

impl Opener {
    pub(super) fn new(wanted: CloudWatchLogs) -> Self {
        Self { wanted, inflater: Inflater::new(), lines: Parts::new() }
    }

    /// Gives what `bytes` holds to `each`, one by one, or adds their failure to `parts`. `left` is how many
    /// bytes the rest of the record may inflate to.
    pub(super) fn open(
        &mut self,
        bytes: &[u8],
        left: &mut usize,
        parts: &mut Parts,
        mut each: impl FnMut(&[u8], &mut Parts),
    ) {
        let inflated = match self.inflater.inflate(bytes, *left) {
            Ok(inflated) => inflated,
            Err(damage) => {
                if damage == Damage::TooLarge {
                    *left = 0;
                }
                return fail_damage(damage, bytes, parts);
            }
        };
        *left -= inflated.len();
        self.lines.clear();
        let lines = match self.wanted {
            CloudWatchLogs::Envelopes => None,
            CloudWatchLogs::Messages => Some(&mut self.lines),
        };
        match envelope::read(inflated, lines) {
            Err(error) => fail_envelope(&error, bytes, parts),
            Ok(_) if self.wanted == CloudWatchLogs::Envelopes => each(inflated, parts),
            // Its events say that somebody looked whether the destination is there, and are nobody's data.
            Ok(MessageType::Control) => parts.drop_one(),
            Ok(MessageType::Data) if self.lines.is_empty() => parts.drop_one(),
            Ok(MessageType::Data) => self.lines.iter().for_each(|line| each(line, parts)),
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.inflater.memory() + self.lines.memory()
    }

    /// Lets go of what one large record left behind.
    pub(super) fn shrink(&mut self) {
        self.inflater.shrink();
        if self.lines.memory() > super::KEPT_BYTES {
            self.lines = Parts::new();
        }
    }
}

#[cold]
fn fail_damage(damage: Damage, bytes: &[u8], parts: &mut Parts) {
    let (code, message) = match damage {
        Damage::NotGzip { at } => (
            "not-gzip",
            format!(
                "byte {at} of {} begins no gzip member; CloudWatch Logs sends nothing else, switch decompression off for other data",
                bytes.len()
            ),
        ),
        Damage::Broken(what) => (
            "damaged-gzip",
            format!(
                "the gzip of {} bytes cannot be inflated: {what}; look where it was cut or changed",
                bytes.len()
            ),
        ),
        Damage::TooLarge => (
            "inflated-too-large",
            format!(
                "{} bytes of gzip inflate to more than the {MAX_INFLATED_BYTES} bytes that one record may; send smaller records",
                bytes.len()
            ),
        ),
    };
    parts.fail(Cause::Decompression, code, message, bytes);
}

#[cold]
fn fail_envelope(error: &serde_json::Error, bytes: &[u8], parts: &mut Parts) {
    // What the parser says may quote the record.
    let mut message = String::from("what was inflated is no envelope of CloudWatch Logs: ");
    for character in error.to_string().chars() {
        if message.len() >= MESSAGE_BYTES {
            message.push('…');
            break;
        }
        if character.is_control() {
            let _ = write!(message, "{}", character.escape_default());
        } else {
            message.push(character);
        }
    }
    message.push_str("; switch decompression off for other data");
    parts.fail(Cause::Decompression, "not-an-envelope", message, bytes);
}
