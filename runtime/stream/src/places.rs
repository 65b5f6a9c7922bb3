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

/// How far files were read: of each device and inode the newest identity, and where that goes on.
#[derive(Debug, Default)]
pub(crate) struct Places {
    known: Mutex<BTreeMap<Vec<u8>, Place>>,
}

/// Where to go on in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Device, inode, the number of bytes looked at, their SHA-256, and the generation: how many identities this inode
    /// had before. The file has another one when it turns out to be another file, and while it is so short that more
    /// bytes tell it better.
    pub(crate) identity: Vec<u8>,
    pub(crate) from: u64,
}

impl Places {
    /// Notes that a file is in the log up to `to`. Lanes may have different parts of it: the last one counts.
    pub(crate) fn note(&self, identity: &[u8], to: u64) {
        let Some(node) = node_of(identity) else { return };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Place { identity: identity.to_vec(), from: to };
        match known.get_mut(node) {
            None => drop(known.insert(node.to_vec(), place)),
            Some(held) if held.identity == identity => held.from = held.from.max(to),
            Some(held) if generation(&held.identity) < generation(identity) => *held = place,
            Some(_) => {}
        }
    }

    /// Where to go on in `file`, which has `len` bytes.
    pub(crate) fn find(&self, file: &File, len: u64) -> io::Result<Place> {
        let about = file.metadata()?;
        let mut node = about.dev().to_le_bytes().to_vec();
        node.extend(about.ino().to_le_bytes());
        let held = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&node).cloned();
        if let Some(held) = &held {
            let looked = held.identity.get(..HASHED).unwrap_or_default();
            let same = head(file, &node, looked_at(looked)).is_ok_and(|head| head == looked);
            if same && held.from <= len {
                return Ok(held.clone());
            }
        }
        let mut identity = head(file, &node, 0)?;
        let generation = held.as_ref().and_then(|held| generation(&held.identity));
        identity.extend(generation.map_or(0, |before| before.saturating_add(1)).to_le_bytes());
        Ok(Place { identity, from: 0 })
    }
}

impl Place {
    /// The place of a file of which the bytes up to `to` are read, under an identity that looks at as many of them as
    /// there may be.
    pub(crate) fn widened(&self, file: &File, to: u64) -> Self {
        let (before, most) = (looked_at(&self.identity), usize::try_from(to).unwrap_or(FINGERPRINT));
        let (Some(node), Some(generation)) = (node_of(&self.identity), generation(&self.identity)) else {
            return self.clone();
        };
        if before >= FINGERPRINT.min(most) {
            return self.clone();
        }
        // A file that is cut short at this moment keeps the identity that it has.
        let Ok(mut identity) = head(file, node, FINGERPRINT.min(most)) else { return self.clone() };
        // Nothing is known by the identity of a file of which nothing was read.
        let next = if self.from == 0 { generation } else { generation.saturating_add(1) };
        identity.extend(next.to_le_bytes());
        Self { identity, from: self.from }
    }
}

/// Device and inode of an identity, which has any bytes.
pub(crate) fn node_of(identity: &[u8]) -> Option<&[u8]> {
    identity.get(..NODE).filter(|_| identity.len() == HASHED + 8)
}

/// How many identities the inode had before.
pub(crate) fn generation(identity: &[u8]) -> Option<u64> {
    identity.get(HASHED..)?.try_into().ok().map(u64::from_le_bytes)
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn find(places: &Places, file: &File) -> Place {
        places.find(file, file.metadata().unwrap().len()).unwrap()
    }

    /// Reads `file` from where it is to go on to its byte `to`.
    fn read(places: &Places, file: &File, to: u64) -> Place {
        let place = Place { from: to, ..find(places, file).widened(file, to) };
        places.note(&place.identity, to);
        place
    }

    #[test]
    fn a_file_goes_on_where_it_was_left_and_one_that_is_shorter_is_new() {
        let (places, mut file) = (Places::default(), tempfile::tempfile().unwrap());
        file.write_all(b"one\ntwo\n").unwrap();
        assert_eq!(find(&places, &file).from, 0);
        let first = read(&places, &file, 8);
        places.note(&first.identity, 4);
        file.write_all(b"three\n").unwrap();
        assert_eq!(find(&places, &file), first);

        // The same beginning, and fewer bytes than were read.
        file.set_len(4).unwrap();
        assert_eq!(find(&places, &file).from, 0);
        let shorter = read(&places, &file, 4);
        // What another lane has of the first one counts no more.
        places.note(&first.identity, 8);
        assert_eq!(find(&places, &file), shorter);
        file.set_len(9).unwrap();
        file.write_all_at(b"one\ntwo\n", 0).unwrap();
        assert_eq!(find(&places, &file), shorter);
    }

    #[test]
    fn another_file_with_the_same_number_is_new_however_alike_they_begin() {
        let (places, mut file) = (Places::default(), tempfile::tempfile().unwrap());
        file.write_all(b"time,level\n").unwrap();
        read(&places, &file, 11);
        file.write_all(b"1,info\n2,info\n").unwrap();
        assert_eq!(find(&places, &file).from, 11);
        read(&places, &file, 25);
        file.set_len(0).unwrap();
        file.write_all_at(b"time,level\n3,info\n4,info\n5,info\n", 0).unwrap();
        assert_eq!(find(&places, &file).from, 0);
        read(&places, &file, 32);
        assert_eq!(find(&places, &file).from, 32);
        file.write_all_at(b"another\n", 0).unwrap();
        assert_eq!(find(&places, &file).from, 0);
    }

    #[test]
    fn a_file_that_was_empty_is_told_by_what_came_later() {
        let (places, mut file) = (Places::default(), tempfile::tempfile().unwrap());
        assert_eq!(find(&places, &file).from, 0);
        let long = vec![b'x'; 2 * FINGERPRINT];
        file.write_all(&long).unwrap();
        let whole = read(&places, &file, long.len() as u64);
        assert_eq!(looked_at(&whole.identity), FINGERPRINT);
        file.write_all(b"more").unwrap();
        let more = find(&places, &file).widened(&file, long.len() as u64 + 4);
        assert_eq!(more.identity, whole.identity, "no more bytes are looked at");
    }

    #[test]
    fn an_identity_of_any_bytes_is_harmless() {
        let (places, mut file) = (Places::default(), tempfile::tempfile().unwrap());
        file.write_all(b"one\n").unwrap();
        let good = read(&places, &file, 4).identity;
        let places = Places::default();
        for len in 0..good.len() {
            places.note(&good[..len], 4);
        }
        let mut wild = good.clone();
        wild[NODE..LOOKED].fill(0xff);
        places.note(&wild, 4);
        assert_eq!(find(&places, &file).from, 0);
    }
}
