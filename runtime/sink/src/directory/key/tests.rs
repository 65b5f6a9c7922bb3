use proptest::prelude::*;

use super::*;

/// Segments that ask for trouble, among ordinary ones.
fn segment() -> impl Strategy<Value = String> {
    let nasty = [
        "",
        ".",
        "..",
        "...",
        "%",
        "%2E",
        "%file",
        "%folder",
        "%more",
        "a",
        "a%file",
        "a%folder",
        "a%more",
        "\0",
        "\n",
        ".standpipe-tmp-a",
        ".standpipe-tmp-",
    ];
    prop_oneof![
        4 => prop::sample::select(nasty.to_vec()).prop_map(str::to_owned),
        2 => "[a-z.%]{0,6}",
        1 => any::<String>(),
        // Around the length of a name, ending in what would be special if it began a name.
        2 => (240usize..252, prop::sample::select(nasty.to_vec())).prop_map(|(n, end)| "x".repeat(n) + end),
        1 => (120usize..127, "[é.%]{0,4}").prop_map(|(n, end)| "é".repeat(n) + &end),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop::collection::vec(segment(), 1..5)
        .prop_map(|segments| segments.join("/"))
        .prop_filter("a key has 1 to 1,024 bytes", |key| (1..=MAX_KEY_BYTES).contains(&key.len()))
}

/// The names of `key`, some marked as second.
fn marked(key: &str, marks: &[bool]) -> PathBuf {
    let mut names = names(key).unwrap();
    let last = names.len() - 1;
    for (at, (name, _)) in
        names.iter_mut().zip(marks.iter().cycle()).enumerate().filter(|(_, (_, mark))| **mark)
    {
        if at == last {
            name.push_str(FILE);
        } else if !name.ends_with(MORE) {
            name.push_str(FOLDER);
        }
    }
    names.iter().collect()
}

proptest! {
    #[test]
    fn every_key_comes_back_from_its_path_whatever_was_second(key in key(), marks in prop::collection::vec(any::<bool>(), 1..6)) {
        prop_assert_eq!(key_of(&path_of(&key).unwrap()), Some(key.clone()));
        prop_assert_eq!(key_of(&marked(&key, &marks)), Some(key));
    }

    #[test]
    fn every_name_is_one_that_a_file_system_takes_below_the_bucket(key in key(), marks in prop::collection::vec(any::<bool>(), 1..6)) {
        let path = marked(&key, &marks);
        for name in path.to_str().unwrap().split('/') {
            prop_assert!((1..=255).contains(&name.len()), "{}", name);
            prop_assert!(name != "." && name != ".." && !name.contains(char::is_control), "{}", name);
            prop_assert!(!name.starts_with(temporary::PREFIX), "{}", name);
        }
    }

    #[test]
    fn different_keys_have_different_paths(left in key(), right in key(), marks in prop::collection::vec(any::<bool>(), 1..6)) {
        prop_assume!(left != right);
        prop_assert_ne!(path_of(&left).unwrap(), marked(&right, &marks));
    }

    #[test]
    fn a_path_that_has_a_key_is_the_path_of_that_key(path in prop::collection::vec(segment(), 1..4)) {
        let path = path.join("/");
        if let Some(key) = key_of(Path::new(&path)) {
            let plain = path_of(&key).unwrap();
            let unmarked = path.replace(FOLDER, "");
            let unmarked = unmarked.strip_suffix(FILE).unwrap_or(&unmarked);
            prop_assert_eq!(plain.to_str().unwrap(), unmarked);
        }
    }
}

#[test]
fn ordinary_keys_are_their_own_paths() {
    for key in [
        "web/2026/10/09/18/web-1-2026-10-09-18-05-00-8f.gz",
        "dt=2026-10-09/ä ü:~\\.json",
        ".hidden",
        "a..b/...",
    ] {
        assert_eq!(path_of(key).unwrap(), Path::new(key));
    }
}

#[test]
fn what_a_file_system_would_not_take_is_escaped() {
    let long = "x".repeat(300);
    let halves = format!("{}%more/{}", "x".repeat(248), "x".repeat(52));
    for (key, path) in [
        ("../.", "%2E./%2E"),
        ("a//b/", "a/%/b/%"),
        ("/a", "%/a"),
        ("50%\r\n\0", "50%25%0D%0A%00"),
        (".standpipe-tmp-1", "%2Estandpipe-tmp-1"),
        (&*long, &*halves),
    ] {
        assert_eq!(path_of(key).unwrap(), Path::new(path));
    }
}

#[test]
fn other_spellings_of_a_path_have_no_key() {
    for path in [
        "", "/a", "a/", "./a", "..", "a%2e", "%61", "%+1", "a%more", "a%more/b", "%file", "a%", "a%folder",
        "%FF",
    ] {
        assert_eq!(key_of(Path::new(path)), None, "{path}");
    }
}

#[test]
fn keys_are_bounded() {
    assert!(path_of(&"k".repeat(MAX_KEY_BYTES)).is_ok());
    assert!(matches!(path_of(&"k".repeat(MAX_KEY_BYTES + 1)), Err(Error::Key { .. })));
    assert!(matches!(path_of(""), Err(Error::Key { .. })));
}
