//! Objects that are files already.
#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use standpipe_record::Kind;
use standpipe_sink::testing::object;
use standpipe_sink::{Delivered, Directory, Object, Sink};
use tempfile::TempDir;

/// An object whose bytes are in a file of `folder`, as the state folder has them: for its owner alone.
fn in_file(folder: &Path, id: &str, key: &str, bytes: &[u8]) -> Arc<Object> {
    let path = folder.join(format!("{id}-{key}").replace('/', "-"));
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let file = Some(Arc::new(File::open(&path).unwrap()));
    Arc::new(Object { body: "".into(), file, ..object("logs", key, id, bytes.to_vec()) })
}

#[tokio::test]
async fn a_file_is_linked_with_the_rights_of_one_that_is_made_there_but_to_be_written() {
    let root = TempDir::new().unwrap();
    let sink = Directory::new(root.path().join("buckets"));
    let object = in_file(root.path(), "1", "a/b", b"one");
    assert_eq!(sink.deliver(&object, &()).await.unwrap(), Delivered::Written);
    let (there, made) = (root.path().join("buckets/logs/a/b"), root.path().join("made"));
    fs::write(&made, "").unwrap();
    let (there, made) = (fs::metadata(&there).unwrap(), fs::metadata(&made).unwrap());
    assert_eq!(there.ino(), object.file.as_ref().unwrap().metadata().unwrap().ino());
    // As if it had been made there, but that nobody writes it.
    assert_eq!(there.mode(), made.mode() & !0o222);
    assert_eq!(sink.deliver(&object, &()).await.unwrap(), Delivered::Already);
}

#[tokio::test]
async fn where_a_folder_gives_files_its_group_a_file_is_copied() {
    let root = TempDir::new().unwrap();
    let bucket = root.path().join("buckets/logs");
    fs::create_dir_all(&bucket).unwrap();
    // Another group is for root alone to give.
    if std::os::unix::fs::chown(&bucket, None, Some(4_242)).is_err() {
        return;
    }
    fs::set_permissions(&bucket, fs::Permissions::from_mode(0o2770)).unwrap();
    let sink = Directory::new(root.path().join("buckets"));
    let object = in_file(root.path(), "1", "key", b"one");
    assert_eq!(sink.deliver(&object, &()).await.unwrap(), Delivered::Written);
    let there = fs::metadata(bucket.join("key")).unwrap();
    assert_eq!(there.gid(), 4_242);
    assert_ne!(there.ino(), object.file.as_ref().unwrap().metadata().unwrap().ino());
}

#[tokio::test]
async fn what_has_the_name_is_compared_and_never_replaced() {
    let root = TempDir::new().unwrap();
    let sink = Directory::new(root.path().join("buckets"));
    let long = vec![b'x'; 200_000];
    let first = Arc::new(object("logs", "key", "1", long.clone()));
    let _ = sink.deliver(&first, &()).await.unwrap();
    let same = in_file(root.path(), "2", "key", &long);
    assert_eq!(sink.deliver(&same, &()).await.unwrap(), Delivered::Already);
    let mut other = long.clone();
    other[150_000] = b'y';
    for other in [&other[..], b"short", b""] {
        let error = sink.deliver(&in_file(root.path(), "3", "key", other), &()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Reject, "{error}");
    }
    assert_eq!(fs::read(root.path().join("buckets/logs/key")).unwrap(), long);
    // A folder that has the name is passed, as for other objects.
    let _ = sink.deliver(&in_file(root.path(), "4", "d/e", b"in a folder"), &()).await.unwrap();
    let _ = sink.deliver(&in_file(root.path(), "5", "d", b"beside it"), &()).await.unwrap();
    assert_eq!(fs::read_dir(root.path().join("buckets/logs")).unwrap().count(), 3);
}

#[tokio::test]
async fn a_file_of_another_file_system_is_copied_and_leftovers_go() {
    let (root, memory) = (TempDir::new().unwrap(), TempDir::new_in("/dev/shm").unwrap());
    let sink = Directory::new(root.path());
    let bytes = vec![b'z'; 700_000];
    fs::create_dir(root.path().join("logs")).unwrap();
    fs::write(root.path().join("logs/.standpipe-tmp-1"), "half").unwrap();
    let object = in_file(memory.path(), "1", "far", &bytes);
    assert_eq!(sink.deliver(&object, &()).await.unwrap(), Delivered::Written);
    assert_eq!(fs::read(root.path().join("logs/far")).unwrap(), bytes);
    assert_eq!(fs::read_dir(root.path().join("logs")).unwrap().count(), 1);
    assert_eq!(sink.deliver(&object, &()).await.unwrap(), Delivered::Already);
    fs::write(root.path().join("logs/.standpipe-tmp-2"), "half").unwrap();
    let _ = sink.deliver(&in_file(root.path(), "2", "near", b"near"), &()).await.unwrap();
    assert!(!root.path().join("logs/.standpipe-tmp-2").exists());
}
