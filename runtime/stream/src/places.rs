//! Which bytes of which files are in a log already.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// Bytes at the beginning of a file that tell it from another one with the same number.
const FINGERPRINT: usize = 4096;
/// Where device and inode end in an identity, the number of bytes looked at, and their digest.
const NODE: usize = 16;
const LOOKED: usize = NODE + 8;
const HASHED: usize = LOOKED + 32;

/// How far files were read, by their identities.
#[derive(Debug, Default)]
pub(crate) struct Places {
    known: Mutex<BTreeMap<Vec<u8>, u64>>,
}

/// Where to go on in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Device, inode, the number of bytes looked at, their SHA-256, and how often a file that began with these was
    /// written anew.
    pub(crate) identity: Vec<u8>,
    pub(crate) from: u64,
}

impl Places {
    /// Notes that a file is in the log up to `to`. Lanes may have different parts of it: the last one counts.
    pub(crate) fn note(&self, identity: &[u8], to: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let held = known.entry(identity.to_vec()).or_default();
        *held = (*held).max(to);
    }

    /// Where to go on in `file`, which has `len` bytes.
    pub(crate) fn find(&self, file: &File, len: u64) -> io::Result<Place> {
        let about = file.metadata()?;
        let mut node = about.dev().to_le_bytes().to_vec();
        node.extend(about.ino().to_le_bytes());
        let candidates: Vec<(Vec<u8>, u64)> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let from = known.range(node.clone()..);
            let same = from.take_while(|(identity, _)| identity.starts_with(&node));
            same.map(|(identity, to)| (identity.clone(), *to)).collect()
        };
        let mut last: Option<(u64, Vec<u8>, u64)> = None;
        for (identity, to) in candidates {
            let Some(times) = written(&identity) else { continue };
            let looked = identity.get(..HASHED).unwrap_or_default();
            if last.as_ref().is_none_or(|(newest, ..)| times > *newest)
                && head(file, &node, looked_at(looked)).is_ok_and(|head| head == looked)
            {
                last = Some((times, identity, to));
            }
        }
        match last {
            Some((_, identity, from)) if from <= len => Ok(Place { identity, from }),
            other => {
                let looked = usize::try_from(len).unwrap_or(FINGERPRINT).min(FINGERPRINT);
                let mut identity = head(file, &node, looked)?;
                identity.extend(other.map_or(0, |(times, ..)| times + 1).to_le_bytes());
                Ok(Place { identity, from: 0 })
            }
        }
    }
}

/// An identity but for how often the file was written anew.
fn head(file: &File, node: &[u8], bytes: usize) -> io::Result<Vec<u8>> {
    let mut head = vec![0; bytes];
    file.read_exact_at(&mut head, 0)?;
    let mut identity = node.to_vec();
    identity.extend((bytes as u64).to_le_bytes());
    identity.extend(Sha256::digest(&head));
    Ok(identity)
}

fn looked_at(identity: &[u8]) -> usize {
    let bytes =
        identity.get(NODE..LOOKED).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
    usize::try_from(bytes).unwrap_or(usize::MAX).min(FINGERPRINT)
}

fn written(identity: &[u8]) -> Option<u64> {
    identity.get(HASHED..)?.try_into().ok().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn find(places: &Places, file: &File) -> Place {
        places.find(file, file.metadata().unwrap().len()).unwrap()
    }

    #[test]
    fn a_file_goes_on_where_it_was_left_and_one_that_is_shorter_is_new() {
        let (places, mut file) = (Places::default(), tempfile::tempfile().unwrap());
        file.write_all(b"one\ntwo\n").unwrap();
        let first = find(&places, &file);
        assert_eq!(first.from, 0);
        places.note(&first.identity, 8);
        places.note(&first.identity, 4);
        file.write_all(b"three\n").unwrap();
        let grown = find(&places, &file);
        assert_eq!(grown, Place { from: 8, ..first.clone() });

        // The same beginning, and fewer bytes than were read.
        file.set_len(4).unwrap();
        let shorter = find(&places, &file);
        assert_eq!(shorter.from, 0);
        assert_ne!(shorter.identity, first.identity);
        places.note(&shorter.identity, 4);
        assert_eq!(find(&places, &file), Place { from: 4, ..shorter.clone() });
        // Longer again: what was noted last counts, however far the first one was read.
        file.set_len(9).unwrap();
        file.write_all_at(b"one\ntwo\n", 0).unwrap();
        assert_eq!(find(&places, &file), Place { from: 4, ..shorter });
    }

    #[test]
    fn another_file_with_the_same_number_is_new() {
        let (places, mut file) = (Places::default(), tempfile::tempfile().unwrap());
        file.write_all(b"one\n").unwrap();
        places.note(&find(&places, &file).identity, 4);
        file.write_all_at(b"two\n", 0).unwrap();
        assert_eq!(find(&places, &file).from, 0);
    }

    #[test]
    fn an_identity_of_any_bytes_is_harmless() {
        let (places, mut file) = (Places::default(), tempfile::tempfile().unwrap());
        file.write_all(b"one\n").unwrap();
        let good = find(&places, &file).identity;
        for len in 0..good.len() {
            places.note(&good[..len], 4);
        }
        let mut wild = good.clone();
        wild[NODE..LOOKED].fill(0xff);
        places.note(&wild, 4);
        assert_eq!(find(&places, &file).from, 0);
    }
}
