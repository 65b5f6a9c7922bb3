//! Objects of every compression, made by the program and by what it compresses with, read back by what people read
//! them with: Debian's tools, Python's packages, snappy-java and Hadoop.
//!
//! `tests/readback/install` installs them. One that is missing is a test left out and said by name, in CI an error.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]
#![allow(clippy::print_stdout, reason = "a test that is left out says so")]

mod objects;
mod tools;

use std::ffi::OsString;
use std::process::Command;

use standpipe_format::Compression;

use objects::cases;
use tools::{java, printed, program, python};

/// Reads the objects of one compression with a program that prints what is in them.
fn printed_by(name: &str, arguments: &[&str], compression: Compression) {
    let Some(program) = program(name) else { return };
    let folder = tempfile::tempdir().unwrap();
    for case in cases(folder.path(), &[compression]) {
        let bytes = printed(Command::new(&program).args(arguments).arg(&case.object));
        case.compare(&bytes, name);
    }
}

#[test]
fn gzip_is_read_by_gunzip() {
    printed_by("gunzip", &["-c"], Compression::Gzip);
}

#[test]
fn zip_is_read_by_unzip() {
    printed_by("unzip", &["-p"], Compression::Zip);
}

#[test]
fn zstd_is_read_by_zstd() {
    printed_by("zstd", &["-dcq"], Compression::Zstd);
}

/// Reads the objects of several with a program that takes any number of compressions, objects and files to write what
/// is in them to.
fn written_by(reader: Option<Command>, name: &str, compressions: &[Compression]) {
    let Some(mut reader) = reader else { return };
    let folder = tempfile::tempdir().unwrap();
    let cases = cases(folder.path(), compressions);
    let out = |number: usize| folder.path().join(format!("out-{number}"));
    for (number, case) in cases.iter().enumerate() {
        let arguments: [OsString; 3] =
            [case.compression.name().into(), case.object.clone().into(), out(number).into()];
        reader.args(arguments);
    }
    printed(&mut reader);
    for (number, case) in cases.iter().enumerate() {
        case.compare(&std::fs::read(out(number)).unwrap(), name);
    }
}

#[test]
fn all_are_read_by_python() {
    let [Compression::None, all @ ..] = Compression::ALL else { unreachable!("it is the first") };
    written_by(python(), "Python", &all);
}

#[test]
fn both_kinds_of_snappy_are_read_by_java() {
    written_by(java(), "Java", &[Compression::Snappy, Compression::HadoopSnappy]);
}
