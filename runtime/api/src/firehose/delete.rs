use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::{Asked, EMPTY, text};
use crate::api::Api;
use crate::fault::Fault;
use crate::made::{Made, Phase};
use crate::model;

const ACTION: &str = "DeleteDeliveryStream";
/// How long an answer waits for the stream to be gone. Whoever asks after it is told that it is about to be.
const WAIT: Duration = Duration::from_secs(5);

/// `DeleteDeliveryStream`: the stream and its data, as at Firehose: records that are not delivered are given up. Once it
/// is answered, no crash brings the stream back.
pub(super) fn delete(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    // `AllowForceDelete` is about keys that cannot be let go. There are none.
    let input = model::read("DeleteDeliveryStreamInput", &asked.call.body)?;
    let name = text(&input, "DeliveryStreamName").to_owned();
    asked.authorize(ACTION, Some(&name))?;
    let change = asked.begin(ACTION, &name)?;
    let made = change.made(&name)?;
    let alone = made.change();
    change.is_there(&name, &made)?;
    match asked.phase(&name, &made) {
        Phase::Creating if !asked.has_failed(&name) => return Err(change.in_use(&name)),
        Phase::Deleting => return Ok(EMPTY.to_vec()),
        _ => {}
    }
    let Some(going) = asked.api.book().begin_going() else { return Err(Fault::slow_down()) };
    // On a full disk even this may fail. Then it is done without, and answered only once it is.
    let marked = made.now().deleting || mark(asked, &name, &made)?;
    made.set_phase(Phase::Deleting);
    // Before a reload looks at it.
    asked.streams.give_up(&name);
    drop(alone);
    drop(change);

    let (tell, gone) = channel();
    let api = asked.api.clone();
    let leaving = Leaving { made: Arc::clone(&made), done: false };
    let key = asked.caller.name().map(str::to_owned);
    let remove = move || {
        let done = remove(&api, &name, leaving, key.as_deref());
        drop(going);
        // Whoever asked may have stopped waiting.
        let _ = tell.send(done);
    };
    std::thread::Builder::new().name("delete".to_owned()).spawn(remove).map_err(|error| {
        tracing::error!(%error, "no thread to delete a stream with");
        Fault::slow_down()
    })?;
    if marked {
        // Without it, it goes on.
        let _ = gone.recv_timeout(WAIT);
        return Ok(EMPTY.to_vec());
    }
    match gone.recv() {
        Ok(true) => Ok(EMPTY.to_vec()),
        Ok(false) | Err(_) => Err(Fault::internal()),
    }
}

/// Notes on disk that nothing of the stream is wanted any more. False if that cannot be known to last.
fn mark(asked: &Asked<'_>, name: &str, made: &Made) -> Result<bool, Fault> {
    let last = made.now().ended();
    let text = last.text()?;
    match asked.streams.redefine(name, &text) {
        Ok(()) => {
            made.set(last, text.len());
            Ok(true)
        }
        Err(error) => {
            tracing::warn!(stream = name, %error, "a stream is deleted without a note that it will be");
            Ok(false)
        }
    }
}

/// A stream on its way out. Dropped before it is gone, it may be deleted again.
struct Leaving {
    made: Arc<Made>,
    done: bool,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if !self.done {
            self.made.set_phase(Phase::DeletingFailed);
        }
    }
}

/// Waits until the stream has let go, and removes it. Whether that went well.
fn remove(api: &Api, name: &str, mut leaving: Leaving, key: Option<&str>) -> bool {
    // Before others have to wait for it.
    api.streams().wait_given_up(name);
    let _no_reload = api.book().begin_change();
    match api.streams().remove(name) {
        Ok(held) => {
            leaving.done = true;
            api.metrics().forget(name);
            api.book().leave(name);
            tracing::info!(stream = name, key, given_up = held, "the API deleted a stream");
        }
        Err(error) => tracing::error!(stream = name, %error, "a stream cannot be deleted"),
    }
    leaving.done
}
