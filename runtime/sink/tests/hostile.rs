//! Names, links and files that are put in the way.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use standpipe_record::Kind;
use standpipe_sink::{Delivered, Directory, Error, Object, Sink};
use tempfile::TempDir;

fn object(bucket: &str, key: &str) -> Arc<Object> {
    Arc::new(standpipe_sink::testing::object(bucket, key, "id-1", "body"))
}

#[tokio::test]
async fn bucket_names_that_are_not_one_folder_are_refused() {
    let root = TempDir::new().unwrap();
    let sink = Directory::new(root.path().join("buckets"));
    for bucket in ["", ".", "..", "a/b", "/", "../up", "a\0", &"b".repeat(256)] {
        for error in [
            sink.probe(bucket, "probe").await.unwrap_err(),
            sink.deliver(&object(bucket, "key"), &()).await.unwrap_err(),
        ] {
            assert!(matches!(error, Error::Bucket { .. }) && error.kind() == Kind::Invalid, "{error}");
        }
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn ids_that_could_name_another_file_are_refused() {
    let root = TempDir::new().unwrap();
    for id in ["", "a/b", "..\0", "a b", &"i".repeat(129)] {
        let object = Object { id: id.into(), ..Object::clone(&object("logs", "key")) };
        let error = Directory::new(root.path()).deliver(&Arc::new(object), &()).await.unwrap_err();
        assert!(matches!(error, Error::Id { .. }), "{error}");
    }
}

#[tokio::test]
async fn the_root_may_be_a_link() {
    let (root, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let link = root.path().join("link");
    symlink(outside.path(), &link).unwrap();
    assert_eq!(Directory::new(&link).deliver(&object("logs", "a"), &()).await.unwrap(), Delivered::Written);
    assert_eq!(fs::read(outside.path().join("logs/a")).unwrap(), b"body");
}

#[tokio::test]
async fn no_link_in_a_bucket_is_followed() {
    // Where the link stands, and the key that runs into it.
    for (place, key) in [
        ("logs", "a"),
        ("logs/web", "web/a"),
        ("logs/web/2026", "web/2026/a"),
        ("logs/web%folder", "web/a"),
        ("logs/a", "a"),
        ("logs/a%file", "a"),
    ] {
        for target in ["folder", "file", "nothing"] {
            let (root, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
            fs::create_dir(outside.path().join("folder")).unwrap();
            fs::write(outside.path().join("file"), "body").unwrap();
            let link = root.path().join(place);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(outside.path().join(target), &link).unwrap();

            let error = Directory::new(root.path()).deliver(&object("logs", key), &()).await.unwrap_err();
            assert!(matches!(error, Error::Link { .. }), "{place} {target}: {error}");
            assert!(error.to_string().contains(link.to_str().unwrap()), "{error}");
            assert_eq!(error.kind(), Kind::Invalid);
            assert_eq!(fs::read_dir(outside.path().join("folder")).unwrap().count(), 0);
            assert!(!outside.path().join("nothing").exists());
        }
    }
}

#[tokio::test]
async fn a_link_under_the_temporary_name_is_removed_and_its_target_is_not() {
    let (root, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let target = outside.path().join("target");
    fs::write(&target, "precious").unwrap();
    fs::create_dir(root.path().join("logs")).unwrap();
    symlink(&target, root.path().join("logs/.standpipe-tmp-id-1")).unwrap();
    assert_eq!(
        Directory::new(root.path()).deliver(&object("logs", "a"), &()).await.unwrap(),
        Delivered::Written
    );
    assert_eq!(fs::read(target).unwrap(), b"precious");
    assert_eq!(fs::read_dir(root.path().join("logs")).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_swapped_for_a_link_again_and_again_lets_nothing_out() {
    let (root, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let web = root.path().join("logs/web");
    let link = root.path().join("link");
    fs::create_dir_all(&web).unwrap();
    symlink(outside.path(), &link).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let swapper = std::thread::spawn({
        let done = Arc::clone(&done);
        move || {
            while !done.load(Ordering::Relaxed) {
                renameat_with(CWD, &web, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        }
    });
    let sink = Directory::new(root.path());
    let (mut written, mut refused) = (0, 0);
    // Until both sides of the race were seen often.
    for turn in 0..100_000 {
        if written >= 50 && refused >= 50 {
            break;
        }
        match sink.deliver(&object("logs", &format!("web/{turn}")), &()).await {
            Ok(_) => written += 1,
            Err(Error::Link { .. } | Error::Busy { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    done.store(true, Ordering::Relaxed);
    swapper.join().unwrap();
    assert!(written >= 50 && refused >= 50, "{written} written, {refused} refused");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_file_where_a_folder_should_be_is_an_error_that_names_it() {
    let root = TempDir::new().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let inside = Directory::new(&file);
    let below = Directory::new(file.join("buckets"));
    let beside = Directory::new(root.path());
    for error in [
        inside.probe("logs", "probe").await.unwrap_err(),
        inside.deliver(&object("logs", "a"), &()).await.unwrap_err(),
        below.probe("logs", "probe").await.unwrap_err(),
        below.deliver(&object("logs", "a"), &()).await.unwrap_err(),
        beside.probe("file", "probe").await.unwrap_err(),
        beside.deliver(&object("file", "a"), &()).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::Invalid, "{error}");
        assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_folder_where_a_temporary_or_marked_file_should_be_is_an_error_that_leaves_nothing() {
    for taken in ["logs/.standpipe-tmp-id-1", "logs/a%file"] {
        let root = TempDir::new().unwrap();
        fs::create_dir_all(root.path().join(taken)).unwrap();
        fs::create_dir_all(root.path().join("logs/a")).unwrap();
        let error = Directory::new(root.path()).deliver(&object("logs", "a"), &()).await.unwrap_err();
        assert!(matches!(error, Error::InTheWay { .. }), "{error}");
        assert!(error.to_string().contains(taken), "{error}");
        assert_eq!(fs::read_dir(root.path().join("logs")).unwrap().count(), 2);
    }
}

/// The only folders that refuse root too are on file systems like this one.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_that_cannot_be_written_is_an_error_that_says_so() {
    let sink = Directory::new("/sys/kernel");
    for error in [
        sink.probe("logs", "probe").await.unwrap_err(),
        sink.deliver(&object("logs", "a"), &()).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::Invalid, "{error}");
        assert!(error.to_string().contains("/sys/kernel/"), "{error}");
        assert!(
            error.to_string().ends_with("make it writable for this user or choose another folder"),
            "{error}"
        );
    }
}
