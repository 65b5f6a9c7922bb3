use std::io::Read;

use flate2::read::GzDecoder;

use crate::{Error, MAX_FILE_BYTES};

/// A plugin that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct Blueprint {
    /// Its name, that of its folder under `blueprints/`.
    pub name: &'static str,
    /// Its built component, as gzip.
    packed: &'static [u8],
}

impl Blueprint {
    /// Its built component.
    pub fn component(&self) -> Result<Vec<u8>, Error> {
        let mut component = Vec::new();
        match GzDecoder::new(self.packed).take(MAX_FILE_BYTES).read_to_end(&mut component) {
            Ok(_) => Ok(component),
            Err(error) => Err(Error::Damaged { reason: error.to_string() }),
        }
    }
}

/// The plugins that come with the program, by name.
pub fn blueprints() -> &'static [Blueprint] {
    include!(concat!(env!("OUT_DIR"), "/blueprints.rs"))
}

/// The one named `name`.
pub fn blueprint(name: &str) -> Option<&'static Blueprint> {
    blueprints().iter().find(|blueprint| blueprint.name == name)
}
