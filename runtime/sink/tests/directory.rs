//! What deliveries leave on the disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use proptest::prelude::*;
use standpipe_record::Kind;
use standpipe_sink::{Delivered, Directory, Error, Object, Sink, key_of, path_of};
use tempfile::TempDir;

fn object(id: &str, key: &str, body: &[u8]) -> Arc<Object> {
    Arc::new(standpipe_sink::testing::object("logs", key, id, body.to_vec()))
}

/// Every file below `folder` with its bytes; temporary ones too.
fn files(folder: &Path) -> io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let body = fs::read(&path)?;
                found.insert(path.strip_prefix(folder).map_err(io::Error::other)?.to_owned(), body);
            }
        }
    }
    Ok(found)
}

/// The files of the bucket by path.
fn bucket(root: &TempDir) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let files = files(&root.path().join("logs"))?;
    Ok(files.into_iter().map(|(path, body)| (path.to_string_lossy().into_owned(), body)).collect())
}

fn expected(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    files.iter().map(|(path, body)| ((*path).to_owned(), body.as_bytes().to_vec())).collect()
}

#[tokio::test]
async fn root_bucket_and_folders_are_made_for_the_first_object() {
    let root = TempDir::new().unwrap();
    let far = root.path().join("not/yet/there");
    let sink = Directory::new(&far);
    sink.probe("logs", "probe").await.unwrap();
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0, "a probe leaves nothing");
    assert_eq!(sink.deliver(&object("1", "web/2026/a.gz", b"one"), &()).await.unwrap(), Delivered::Written);
    sink.probe("logs", "probe").await.unwrap();
    assert_eq!(files(&far).unwrap(), BTreeMap::from([("logs/web/2026/a.gz".into(), b"one".to_vec())]));
}

#[tokio::test]
async fn a_repeat_is_harmless_and_other_bytes_are_an_error_that_names_the_key() {
    let root = TempDir::new().unwrap();
    let sink = Directory::new(root.path());
    let large = vec![7; 200_000];
    assert_eq!(sink.deliver(&object("1", "web/a", &large), &()).await.unwrap(), Delivered::Written);
    for again in ["1", "2"] {
        assert_eq!(sink.deliver(&object(again, "web/a", &large), &()).await.unwrap(), Delivered::Already);
    }
    let mut other = large.clone();
    other[199_999] = 8;
    for body in [&other, &large[..100], b""] {
        let error = sink.deliver(&object("3", "web/a", body), &()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Reject);
        assert!(error.to_string().contains("`web/a` of bucket `logs` exists"), "{error}");
    }
    assert_eq!(bucket(&root).unwrap(), BTreeMap::from([("web/a".into(), large)]));
}

#[tokio::test]
async fn a_key_that_is_both_file_and_folder_is_kept_in_either_order() {
    for (first, second, at) in [("a", "a/b/c", ["a", "a%folder/b/c"]), ("a/b/c", "a", ["a/b/c", "a%file"])] {
        let root = TempDir::new().unwrap();
        let sink = Directory::new(root.path());
        assert_eq!(sink.deliver(&object("1", first, b"1"), &()).await.unwrap(), Delivered::Written);
        assert_eq!(sink.deliver(&object("2", second, b"2"), &()).await.unwrap(), Delivered::Written);
        assert_eq!(bucket(&root).unwrap(), expected(&[(at[0], "1"), (at[1], "2")]));
        for (key, path) in [first, second].into_iter().zip(at) {
            assert_eq!(key_of(Path::new(path)).unwrap(), key);
        }

        // What came first may be taken away by a consumer: the second one still is where it is.
        match fs::remove_file(root.path().join("logs").join(at[0])) {
            Ok(()) if first == "a" => {}
            Ok(()) => fs::remove_dir_all(root.path().join("logs/a")).unwrap(),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(sink.deliver(&object("2", second, b"2"), &()).await.unwrap(), Delivered::Already);
        assert_eq!(bucket(&root).unwrap(), expected(&[(at[1], "2")]));
    }
}

#[tokio::test]
async fn what_a_broken_try_left_is_replaced_and_nothing_temporary_stays() {
    let root = TempDir::new().unwrap();
    fs::create_dir_all(root.path().join("logs/web")).unwrap();
    let left = root.path().join("logs/web/.standpipe-tmp-1");
    fs::write(&left, "half").unwrap();
    let sink = Directory::new(root.path());
    assert_eq!(sink.deliver(&object("1", "web/a", b"whole"), &()).await.unwrap(), Delivered::Written);
    assert_eq!(bucket(&root).unwrap(), expected(&[("web/a", "whole")]));

    // A key that looks like a temporary file is not in its way.
    assert_eq!(
        sink.deliver(&object("2", "web/.standpipe-tmp-1", b"k"), &()).await.unwrap(),
        Delivered::Written
    );
    assert_eq!(bucket(&root).unwrap(), expected(&[("web/%2Estandpipe-tmp-1", "k"), ("web/a", "whole")]));
}

#[tokio::test]
async fn a_temporary_file_that_somebody_is_writing_is_left_alone() {
    let root = TempDir::new().unwrap();
    fs::create_dir_all(root.path().join("logs")).unwrap();
    let theirs = fs::File::create(root.path().join("logs/.standpipe-tmp-1")).unwrap();
    theirs.lock().unwrap();
    let sink = Directory::new(root.path());
    let error = sink.deliver(&object("1", "a", b"mine"), &()).await.unwrap_err();
    assert!(matches!(error, Error::Busy { .. }) && error.kind() == Kind::Retry, "{error}");
    assert_eq!(bucket(&root).unwrap(), expected(&[(".standpipe-tmp-1", "")]));
    drop(theirs);
    assert_eq!(sink.deliver(&object("1", "a", b"mine"), &()).await.unwrap(), Delivered::Written);
    assert_eq!(bucket(&root).unwrap(), expected(&[("a", "mine")]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deliveries_at_once_share_folders_clash_and_repeat_without_loss() {
    for round in 0..10 {
        let root = TempDir::new().unwrap();
        let mut tasks = Vec::new();
        let keys = ["a", "a/b", "a/b/c", "a/b/d", "x//y", "x", "x/", "x//y/z"];
        for (task, key) in keys.iter().cycle().take(4 * keys.len()).enumerate() {
            // Each key four times: under ids of its own and twice under the same one, through two sinks.
            let id = format!("{round}-{}-{}", task % keys.len(), task / keys.len() / 2);
            let sink = Directory::new(root.path());
            let object = object(&id, key, key.as_bytes());
            tasks.push(tokio::spawn(async move {
                loop {
                    match sink.deliver(&object, &()).await {
                        Err(error) if error.kind() == Kind::Retry => tokio::task::yield_now().await,
                        done => return (object.key.clone(), done),
                    }
                }
            }));
        }
        let mut written = BTreeMap::<String, usize>::new();
        for task in tasks {
            let (key, done) = task.await.unwrap();
            *written.entry(key).or_default() += usize::from(done.unwrap() == Delivered::Written);
        }
        assert_eq!(written, keys.iter().map(|key| ((*key).to_owned(), 1)).collect());
        let found: BTreeMap<_, _> = bucket(&root)
            .unwrap()
            .into_iter()
            .map(|(path, body)| (key_of(Path::new(&path)).unwrap(), body))
            .collect();
        assert_eq!(found, keys.iter().map(|key| ((*key).to_owned(), key.as_bytes().to_vec())).collect());
    }
}

#[test]
fn any_keys_in_any_order_come_back_from_the_files() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let segment = prop_oneof![
        3 => "[ab]",
        1 => prop::sample::select(vec!["", ".", "..", "%", "a%file", "a%folder", "\0"]).prop_map(str::to_owned),
        1 => (247usize..257).prop_map(|length| "l".repeat(length)),
        1 => any::<String>(),
    ];
    let key = prop::collection::vec(segment, 1..4)
        .prop_map(|segments| segments.join("/"))
        .prop_filter("a key has 1 to 1,024 bytes", |key| path_of(key).is_ok());
    let config = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(keys in prop::collection::vec(key, 1..10))| {
        let root = TempDir::new().unwrap();
        let sink = Directory::new(root.path());
        for (id, key) in keys.iter().enumerate() {
            let first = keys.iter().position(|other| other == key) == Some(id);
            let want = if first { Delivered::Written } else { Delivered::Already };
            let got = runtime.block_on(sink.deliver(&object(&id.to_string(), key, key.as_bytes()), &()));
            prop_assert_eq!(got.unwrap(), want);
        }
        let found: BTreeMap<_, _> = files(&root.path().join("logs"))
            .unwrap()
            .into_iter()
            .map(|(path, body)| (key_of(&path).unwrap(), body))
            .collect();
        prop_assert_eq!(found, keys.iter().map(|key| (key.clone(), key.clone().into_bytes())).collect());
        prop_assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    });
}
