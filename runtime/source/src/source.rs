use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use standpipe_record::{Batch, Clock};

use crate::file::Watched;
use crate::{Error, Lines, Refused, Step};

/// An input that ends or pauses, whose lines are records.
pub struct Source {
    name: String,
    lines: Lines<Box<dyn Read + Send>>,
}

impl Source {
    /// The file at `path`, from its beginning to its end. Also a named pipe or a device.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let open = || {
            let file = File::open(path)?;
            let about = file.metadata()?;
            if about.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            // Pipes, devices and what the kernel makes up have no size that means anything.
            Ok(if about.is_file() && about.len() > 0 {
                Self::new(name.clone(), Watched::new(file, about.len()))
            } else {
                Self::new(name.clone(), file)
            })
        };
        open().map_err(|cause| Error::Open { name: name.clone(), cause })
    }

    /// An open file, from byte `from` to its end.
    pub fn resume(path: &Path, mut file: File, from: u64) -> Result<Self, Error> {
        let name = path.display().to_string();
        let open = || {
            let len = file.metadata()?.len();
            file.seek(SeekFrom::Start(from))?;
            let input: Box<dyn Read + Send> = Box::new(Watched::behind(file, len, from));
            Ok(Self { name: name.clone(), lines: Lines::at(input, from) })
        };
        open().map_err(|cause| Error::Open { name: name.clone(), cause })
    }

    /// Standard input.
    pub fn stdin() -> Self {
        Self::new("standard input", io::stdin())
    }

    /// Anything that can be read, with the name that errors tell.
    pub fn new(name: impl Into<String>, input: impl Read + Send + 'static) -> Self {
        Self { name: name.into(), lines: Lines::new(Box::new(input)) }
    }

    /// Its name for a person.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many bytes of it were read.
    pub fn position(&self) -> u64 {
        self.lines.position()
    }

    /// How many bytes of it were given out: see [`Lines::consumed`].
    pub fn consumed(&self) -> u64 {
        self.lines.consumed()
    }

    /// Reads once: see [`Lines::read`].
    pub fn read(
        &mut self,
        batch: &mut Batch,
        refused: &mut Vec<Refused>,
        clock: &dyn Clock,
    ) -> Result<Step, Error> {
        let position = self.lines.position();
        self.lines.read(batch, refused, clock).map_err(|cause| Error::Read {
            name: self.name.clone(),
            offset: position,
            cause,
        })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).field("position", &self.position()).finish()
    }
}
