//! How another process of this machine speaks to a host: a socket in its state folder, which only the host's own user may
//! enter. A line is asked, a line of JSON is answered.

use std::fs::{File, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot};

const NAME: &str = "control";
/// How long nobody is listened to after that failed.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest question, in bytes.
const MOST: u64 = 1 << 10;
/// The longest answer: a config file with many findings.
const MOST_ANSWER: u64 = 4 << 20;

/// What the host is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Read the config file again.
    Reload,
}

/// What the host says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Whether it was done.
    pub(crate) good: bool,
    /// For whoever asked.
    pub(crate) text: String,
}

/// A question and where its answer goes.
pub(crate) type Asked = (Question, oneshot::Sender<Answer>);

/// The socket's path by way of the folder's descriptor: those of sockets may not be long, and folders may be deep.
fn path_in(folder: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{NAME}", folder.as_raw_fd()))
}

/// Listens in the state folder, which the caller has locked, and passes on what is asked.
pub(crate) fn listen(state: &Path, asked: mpsc::Sender<Asked>) -> io::Result<()> {
    // Who had the lock before left it.
    match std::fs::remove_file(state.join(NAME)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path_in(&File::open(state)?))?;
    // Also where the folder was there before, with rights of its own.
    std::fs::set_permissions(state.join(NAME), Permissions::from_mode(0o600))?;
    tokio::spawn(async move {
        loop {
            let Ok((socket, _)) = listener.accept().await else {
                // There may be too many files for a moment.
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let asked = asked.clone();
            tokio::spawn(async move {
                // Whoever does not listen to the answer need not have it.
                let _ = converse(socket, asked).await;
            });
        }
    });
    Ok(())
}

async fn converse(mut socket: tokio::net::UnixStream, asked: mpsc::Sender<Asked>) -> io::Result<()> {
    let (read, mut write) = socket.split();
    let mut line = String::new();
    tokio::io::BufReader::new(read.take(MOST)).read_line(&mut line).await?;
    let answer = match line.trim_end() {
        "reload" => {
            let (tell, told) = oneshot::channel();
            let passed = asked.send((Question::Reload, tell)).await;
            let ending = |_| Answer { good: false, text: "the host is ending".to_owned() };
            match passed {
                Ok(()) => told.await.unwrap_or_else(|error| ending(error.to_string())),
                Err(error) => ending(error.to_string()),
            }
        }
        _ => Answer {
            good: false,
            text: "the host does not know what was asked: is it of this version?".to_owned(),
        },
    };
    let mut text = serde_json::to_vec(&answer)?;
    text.push(b'\n');
    write.write_all(&text).await
}

/// Asks the host that works with a state folder. None if there is none.
pub(crate) fn ask(state: &Path, question: Question) -> io::Result<Option<Answer>> {
    let folder = match File::open(state) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        folder => folder?,
    };
    let mut socket = match UnixStream::connect(path_in(&folder)) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        socket => socket?,
    };
    let Question::Reload = question;
    socket.write_all(b"reload\n")?;
    let mut line = String::new();
    BufReader::new(socket.take(MOST_ANSWER)).read_line(&mut line)?;
    if line.is_empty() {
        return Err(io::Error::other("the host ended before it answered"));
    }
    Ok(Some(serde_json::from_str(&line)?))
}
