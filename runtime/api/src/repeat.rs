//! What tells a repeated request from a new one.

use sha2::{Digest, Sha256};
use standpipe_stream::RequestId;

/// The id of a request: the same only if caller, stream, the client's own id of it, and body are.
pub(crate) fn id(caller: &str, stream: &str, invocation: &str, body_sha256: &str) -> RequestId {
    let mut hash = Sha256::new();
    for part in [caller, stream, invocation, body_sha256] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let (half, _) = digest.split_at(16);
    RequestId(half.try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn each_part_counts_and_parts_do_not_run_together() {
        let same = id("key", "web", "1", "body");
        assert_eq!(same, id("key", "web", "1", "body"));
        for other in [
            id("ke", "yweb", "1", "body"),
            id("key2", "web", "1", "body"),
            id("key", "we", "b1", "body"),
            id("key", "web", "2", "body"),
            id("key", "web", "1", "body2"),
        ] {
            assert_ne!(same, other);
        }
    }
}
