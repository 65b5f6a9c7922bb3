//! `plugin test` gives the same outputs and the same fuel whatever else the machine does.

use std::process::{Child, Command};

use crate::languages::{Language, done, standpipe};

/// Programs that take all that the cores have, and end with this.
struct Load(Vec<Child>);

impl Load {
    fn begin() -> Self {
        let cores = std::thread::available_parallelism().unwrap().get();
        let busy = || Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        Self((0..cores * 4).map(|_| busy()).collect())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn same(language: &str) {
    if !Language::named(language).is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    done(standpipe(folder).args(["plugin", "new", language, "mine"]));
    done(standpipe(folder).args(["plugin", "build", "mine"]));
    let test = || String::from_utf8(done(standpipe(folder).args(["plugin", "test", "mine"])).stdout).unwrap();
    let idle = test();
    let load = Load::begin();
    let loaded = test();
    drop(load);
    assert!(idle.contains("fuel"), "{idle}");
    assert_eq!(idle, loaded);
}

#[test]
fn rust_idle_and_loaded() {
    same("rust");
}

#[test]
fn python_idle_and_loaded() {
    same("python");
}

#[test]
fn javascript_idle_and_loaded() {
    same("javascript");
}
