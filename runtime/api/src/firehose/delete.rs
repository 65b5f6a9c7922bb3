use std::sync::mpsc::channel;
use std::time::Duration;

use super::{Asked, EMPTY, text};
use crate::api::Api;
use crate::fault::{Cause, Fault};
use crate::made::{Made, Phase};
use crate::model;

/// How long an answer waits for the stream to be gone. Whoever asks after it is told that it is about to be.
const WAIT: Duration = Duration::from_secs(5);

/// `DeleteDeliveryStream`: the stream and its data, as at Firehose: records that are not delivered are given up. Once it
/// is answered, no crash brings the stream back.
pub(super) fn delete(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    // `AllowForceDelete` is about keys that cannot be let go. There are none.
    let input = model::read("DeleteDeliveryStreamInput", &asked.call.body)?;
    let name = text(&input, "DeliveryStreamName").to_owned();
    asked.authorize("DeleteDeliveryStream", Some(&name))?;
    let no_reload = asked.api.book().begin_change();
    let made = asked.made(&name)?;
    let alone = made.change();
    match asked.phase(&name, &made) {
        Phase::Creating if !asked.has_failed(&name) => return Err(asked.in_use(&name)),
        Phase::Deleting => return Ok(EMPTY.to_vec()),
        _ => {}
    }
    let last = made.now().ended();
    asked.streams.state().define(&name, &last.text()?).map_err(|error| {
        tracing::error!(stream = name, %error, "a stream cannot be deleted");
        Fault::internal()
    })?;
    made.set(last);
    made.set_phase(Phase::Deleting);
    drop(alone);
    drop(no_reload);

    let (tell, gone) = channel();
    let (api, key) = (asked.api.clone(), asked.caller.name().map(str::to_owned));
    let going = move || {
        remove(&api, &name, &made, key.as_deref());
        // Whoever asked may have stopped waiting.
        let _ = tell.send(());
    };
    std::thread::Builder::new().name("delete".to_owned()).spawn(going).map_err(|error| {
        tracing::error!(%error, "no thread to delete a stream with");
        Fault::new(Cause::ServiceUnavailable, "Slow down.")
    })?;
    // Without it, it goes on.
    let _ = gone.recv_timeout(WAIT);
    Ok(EMPTY.to_vec())
}

/// Waits until the stream has let go, and removes it.
fn remove(api: &Api, name: &str, made: &Made, key: Option<&str>) {
    let _no_reload = api.book().begin_change();
    match api.streams().remove(name) {
        Ok(held) => {
            api.book().leave(name);
            api.metrics().forget(name);
            tracing::info!(stream = name, key, given_up = held, "the API deleted a stream");
        }
        Err(error) => {
            tracing::error!(stream = name, %error, "a stream cannot be deleted");
            made.set_phase(Phase::DeletingFailed);
        }
    }
}
