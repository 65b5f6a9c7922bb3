use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use standpipe_format::{Compression, Compressor, Level};

/// An object, and what it was made of.
pub(crate) struct Case {
    name: String,
    pub(crate) compression: Compression,
    pub(crate) object: PathBuf,
    plain: Vec<u8>,
}

impl Case {
    pub(crate) fn compare(&self, bytes: &[u8], reader: &str) {
        let Self { name, compression, plain, .. } = self;
        assert!(
            bytes == plain,
            "{reader} reads {} bytes out of {name} as {compression}, which is made of {}",
            bytes.len(),
            plain.len()
        );
    }
}

/// How many objects there are of each compression: one of the program's, and the others.
const EACH: usize = 1 + 7;

/// Objects of those compressions below `folder`.
pub(crate) fn cases(folder: &Path, compressions: &[Compression]) -> Vec<Case> {
    let mut all = by_the_program(folder, compressions);
    let log = log();
    let noise = noise(700_000);
    let plains: [(&str, &[u8]); EACH - 1] = [
        ("nothing", b""),
        ("a byte", b"x"),
        ("a block of snappy-java", &log[..32 << 10]),
        ("a block of Hadoop", &log[..218_422]),
        ("a byte more than a block", &log[..218_423]),
        ("a log", &log),
        ("noise", &noise),
    ];
    for &compression in compressions {
        let mut compressor = Compressor::new(compression, Level::default());
        for (number, (name, plain)) in plains.into_iter().enumerate() {
            // Half of them without saying how long they are.
            let bytes = (number % 2 == 0).then_some(plain.len() as u64);
            let mut encoder = compressor.object(number as u128, bytes, Vec::new());
            plain.chunks(10_007).for_each(|piece| encoder.write(piece));
            let object = folder.join(format!("{number}-{compression}{}", compression.extension()));
            fs::write(&object, encoder.finish()).unwrap();
            all.push(Case { name: name.to_owned(), compression, object, plain: plain.to_vec() });
        }
    }
    assert_eq!(all.len(), EACH * compressions.len());
    all
}

/// One object of each compression that a stream of the program made of a file.
fn by_the_program(folder: &Path, compressions: &[Compression]) -> Vec<Case> {
    let plain = [log(), hex(&noise(400_000))].concat();
    fs::write(folder.join("lines.txt"), &plain).unwrap();
    let mut config = "state = \"./state\"\ns3 = { directory = \"./buckets\" }\n".to_owned();
    for compression in compressions {
        config += &format!(
            "[streams.{compression}]\n\
             source.file = {{ path = \"lines.txt\" }}\n\
             destination.s3 = {{ bucket = \"{compression}\", compression = \"{compression}\" }}\n"
        );
    }
    fs::write(folder.join("standpipe.toml"), config).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_standpipe"));
    program.current_dir(folder).env("XDG_CACHE_HOME", folder.join("cache")).args(["run", "--drain"]);
    let ran = program.output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));

    let case = |&compression: &Compression| {
        let mut objects = Vec::new();
        walk(&folder.join("buckets").join(compression.name()), &mut objects);
        let [object] = <[PathBuf; 1]>::try_from(objects).expect("a small file makes one object");
        let key = object.to_str().unwrap();
        assert!(key.ends_with(compression.extension()), "{key}");
        Case { name: "a file".to_owned(), compression, object, plain: plain.clone() }
    };
    compressions.iter().map(case).collect()
}

fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, into) } else { into.push(path) }
    }
}

/// A real log of 5,000 lines.
fn log() -> Vec<u8> {
    let path = "../../blueprints/apache-log-to-json/cases/access.log";
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Bytes that nothing makes smaller. The constants are those of a linear congruential generator, MMIX's.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

/// The same as lines.
fn hex(bytes: &[u8]) -> Vec<u8> {
    let line = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    bytes.chunks(64).flat_map(|bytes| line(bytes).into_bytes()).collect()
}
