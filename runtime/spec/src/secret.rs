use std::path::PathBuf;

use crate::reader::Reader;
use crate::value::join;
use crate::{Finding, Spanned};

/// The keys whose values are references to secrets. What is written there is never repeated.
pub const SECRETS: [&str; 3] = ["secret_access_key", "session_token", "access_key_id"];

/// The longest secret, in bytes.
const MOST: u64 = 64 << 10;

/// Where a secret is. The config file never has one itself, so this may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// `env:NAME`: a variable of the environment.
    Env(String),
    /// `file:PATH`: a file, without the newline at its end.
    File(PathBuf),
}

impl Secret {
    /// Looks it up now; a failure is one sentence that says what to do.
    pub fn read(&self) -> Result<String, String> {
        let text = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| {
                format!("the variable `{name}` of the environment is not set; set it and start again")
            })?,
            Self::File(path) => {
                let shown = path.display();
                let read = || -> std::io::Result<String> {
                    let mut text = String::new();
                    let file = std::fs::File::open(path)?;
                    std::io::Read::read_to_string(&mut std::io::Read::take(file, MOST), &mut text)?;
                    Ok(text)
                };
                read().map_err(|error| format!("`{shown}` cannot be read: {error}"))?
            }
        };
        let text = text.trim_end_matches(['\r', '\n']);
        match self {
            _ if !text.is_empty() => Ok(text.to_owned()),
            Self::Env(name) => Err(format!("the variable `{name}` of the environment is empty")),
            Self::File(path) => Err(format!("`{}` is empty", path.display())),
        }
    }

    /// The reference at `key`. The value itself is never repeated: it may be the secret.
    pub(crate) fn read_from(reader: &mut Reader<'_>, key: &'static str) -> Option<Self> {
        let Spanned { value, span } = reader.string(key)?;
        match value.split_once(':') {
            Some(("env", name)) if !name.is_empty() && !name.contains(['=', '\0']) => {
                Some(Self::Env(name.to_owned()))
            }
            Some(("file", path)) if !path.is_empty() && !path.contains('\0') => {
                Some(Self::File(join(&reader.context.base, path)))
            }
            _ => {
                let finding =
                    Finding::error(format!("`{key}` is no reference; secrets are not written here"));
                let help = format!(
                    "write `{key} = \"env:NAME\"` for a variable of the environment, or `\"file:PATH\"`"
                );
                reader.context.report(finding.at(span).with_help(help));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_without_its_newline_and_each_failure_says_which() {
        let folder = std::env::temp_dir().join(format!("standpipe-secret-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("key");
        std::fs::write(&path, "s3cret\r\n").unwrap();
        assert_eq!(Secret::File(path.clone()).read().unwrap(), "s3cret");
        std::fs::write(&path, "\n").unwrap();
        assert_eq!(Secret::File(path.clone()).read().unwrap_err(), format!("`{}` is empty", path.display()));
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(Secret::File(path).read().unwrap_err().contains("cannot be read: No such file"));
        let unset = Secret::Env("STANDPIPE_NO_SUCH_VARIABLE".into()).read().unwrap_err();
        assert_eq!(
            unset,
            "the variable `STANDPIPE_NO_SUCH_VARIABLE` of the environment is not set; set it and start again"
        );
    }
}
