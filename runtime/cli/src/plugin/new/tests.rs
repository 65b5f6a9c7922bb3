use standpipe_registry::blueprints;

use super::*;

fn args(words: &[&str], blueprint: Option<&str>) -> New {
    New {
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        blueprint: blueprint.map(str::to_owned),
    }
}

/// The example of every language.
fn templates() -> impl Iterator<Item = Template> {
    Language::ALL.into_iter().map(|language| Template::of(language).unwrap())
}

#[test]
fn every_example_becomes_a_folder_that_is_whole() {
    for template in templates() {
        let (language, files) = (template.language, template.files("mask").unwrap());
        assert!(files.contains_key(template.source()), "{language}: {:?}", files.keys());
        assert!(files.contains_key("cases/zones.out") && files.contains_key(".gitignore"), "{language}");
        let outside = files.iter().filter(|(path, bytes)| {
            !path.starts_with("sdk/") && String::from_utf8_lossy(bytes).contains("\"..")
        });
        assert_eq!(
            outside.map(|(path, _)| path).collect::<Vec<_>>(),
            [""; 0],
            "{language} leads out of its folder"
        );
        if let Some(manifest) = files.get("plugin.json") {
            let manifest: serde_json::Value = serde_json::from_slice(manifest).unwrap();
            assert_eq!(manifest["name"], "mask", "{language}");
        }
    }
}

#[test]
fn every_blueprint_becomes_a_folder() {
    for blueprint in blueprints() {
        let template = Template::of_blueprint(blueprint.name, None).unwrap();
        let files = template.files("mine").unwrap();
        assert!(files.contains_key(template.source()), "{}", blueprint.name);
        let has = |extensions: &[&str]| {
            files
                .keys()
                .any(|file| file.starts_with("cases/") && extensions.iter().any(|kind| file.ends_with(kind)))
        };
        assert!(has(&[".log", ".in", ".jsonl", ".csv", ".txt", ".records"]), "{}", blueprint.name);
        assert!(has(&[".out", ".sum"]), "{}", blueprint.name);
    }
}

#[test]
fn a_rust_plugin_stands_alone() {
    let files =
        Template::of_blueprint("apache-log-to-json", Some(Language::Rust)).unwrap().files("mine").unwrap();
    let text = |path: &str| std::str::from_utf8(&files[path]).unwrap();
    assert!(text("Cargo.toml").starts_with("[package]\nname = \"mine\"\n"));
    assert!(text("Cargo.toml").contains("standpipe-logline = { path = \"sdk/blueprints/logline\" }"));
    assert!(text("Cargo.toml").contains("[profile.plugin]\ninherits = \"release\""));
    assert!(!text("Cargo.toml").contains("workspace = true"));
    assert!(
        text("sdk/Cargo.toml").contains("wit-bindgen = {") && !text("sdk/Cargo.toml").contains("wasmtime")
    );
    assert!(
        text("Cargo.lock").contains("name = \"syn\"") && !text("Cargo.lock").contains("name = \"wasmtime\"")
    );
    assert!(files.contains_key("sdk/wit/transform.wit") && files.contains_key("cases/combined.log"));
}

#[test]
fn a_blueprint_has_its_own_language() {
    let error = Template::of_blueprint("syslog-to-csv", Some(Language::Go)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "blueprint `syslog-to-csv` is written in Rust, not in Go: leave the language out"
    );
    let error = known("syslog-to-cvs").unwrap_err().to_string();
    assert!(
        error.starts_with("there is no blueprint `syslog-to-cvs`, did you mean `syslog-to-csv`?"),
        "{error}"
    );
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask");
    let mask = path.to_str().unwrap();
    new(&args(&["rust", mask], None)).unwrap();
    assert!(path.join("src/lib.rs").is_file());
    let error = new(&args(&["rust", mask], None)).unwrap_err();
    assert!(error.to_string().ends_with("is there and not empty: take another name, or remove it"));
}

#[test]
fn what_is_missing_is_asked_for() {
    let error = |words: &[&str], blueprint| new(&args(words, blueprint)).unwrap_err().to_string();
    assert!(error(&["mask"], None).starts_with("the language is missing: `standpipe plugin new LANG mask`"));
    assert!(error(&["python"], None).starts_with("the name is missing: `standpipe plugin new python NAME`"));
    assert!(error(&["cobol", "mask"], None).starts_with("there is no SDK for `cobol`"));
    assert!(error(&["rust", "Mask"], None).starts_with("`Mask` is no name for a plugin"));
    assert!(error(&["rust", ".."], None).starts_with("`..` is no name for a plugin"));
    assert!(error(&["rust", "core"], None).starts_with("`core` has a meaning in Rust already"));
}
