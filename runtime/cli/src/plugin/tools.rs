//! Packages of languages that builds need, installed once for all plugins of this user.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, anyhow};

use crate::show;

/// What says that a folder is whole.
const DONE: &str = ".installed";

/// Packages at fixed versions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packages {
    /// The name of their folder: what is in it, with the version.
    pub(super) folder: &'static str,
    /// What they are, and how much they take, for people.
    pub(super) about: &'static str,
}

impl Packages {
    /// Where they lie. If they are not there yet, `install` puts them into an empty folder.
    pub(super) fn get(self, install: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<PathBuf> {
        self.get_in(&home()?, install)
    }

    fn get_in(
        self,
        home: &Path,
        install: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let folder = home.join(self.folder);
        if folder.join(DONE).is_file() {
            return Ok(folder);
        }
        fs::create_dir_all(home).with_context(|| format!("create `{}`", home.display()))?;
        // Two builds at once install once. The lock goes with the process.
        let lock = home.join(self.folder).with_added_extension("lock");
        let lock = File::create(&lock).with_context(|| format!("create `{}`", lock.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                show::line(&format!("waiting for another build that installs {}", self.folder));
                lock.lock().context("wait for another build")?;
            }
            Err(TryLockError::Error(error)) => return Err(error).context("lock the folder of tools"),
        }
        if folder.join(DONE).is_file() {
            return Ok(folder);
        }
        show::line(&format!("installing {} once, into {}", self.about, folder.display()));
        let began = Instant::now();
        empty(&folder)?;
        if let Err(error) = install(&folder) {
            let _ = fs::remove_dir_all(&folder);
            return Err(error.context(format!("{} cannot be installed", self.folder)));
        }
        File::create(folder.join(DONE)).with_context(|| format!("write `{}`", folder.display()))?;
        show::line(&format!("installed in {:.0} s", began.elapsed().as_secs_f64()));
        Ok(folder)
    }
}

/// Makes a folder with nothing in it.
fn empty(folder: &Path) -> anyhow::Result<()> {
    // What a build left that was broken off.
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("remove `{}`", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("create `{}`", folder.display()))
}

fn home() -> anyhow::Result<PathBuf> {
    let home = show::cache_home()
        .ok_or_else(|| anyhow!("there is no place for tools: set `HOME` or `XDG_CACHE_HOME`"))?;
    std::path::absolute(home.join("tools")).context("find the folder of tools")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGES: Packages = Packages { folder: "things-1.0", about: "things 1.0 (1 MB)" };

    #[test]
    fn what_is_whole_is_installed_once() {
        let home = tempfile::tempdir().unwrap();
        let home = &home.path().join("tools");
        let failed = PACKAGES.get_in(home, |folder| {
            fs::write(folder.join("half"), "").unwrap();
            Err(anyhow!("no network"))
        });
        assert_eq!(format!("{:#}", failed.unwrap_err()), "things-1.0 cannot be installed: no network");
        let installed = PACKAGES.get_in(home, |folder| {
            assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
            Ok(fs::write(folder.join("whole"), "")?)
        });
        assert!(installed.unwrap().join("whole").is_file());
        assert!(PACKAGES.get_in(home, |_| Err(anyhow!("again"))).unwrap().join("whole").is_file());
    }
}
