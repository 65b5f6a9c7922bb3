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
    if !made.now().deleting {
        let last = made.now().ended();
        let text = last.text()?;
        asked.streams.redefine(&name, &text).map_err(|error| {
            tracing::error!(stream = name, %error, "a stream cannot be deleted");
            Fault::internal()
        })?;
        made.set(last, text.len());
    }
    made.set_phase(Phase::Deleting);
    drop(alone);
    drop(change);

    let (tell, gone) = channel();
    let (api, key, there) = (asked.api.clone(), asked.caller.name().map(str::to_owned), Arc::clone(&made));
    let remove = move || {
        remove(&api, &name, &there, key.as_deref());
        drop(going);
        // Whoever asked may have stopped waiting.
        let _ = tell.send(());
    };
    std::thread::Builder::new().name("delete".to_owned()).spawn(remove).map_err(|error| {
        tracing::error!(%error, "no thread to delete a stream with");
        made.set_phase(Phase::DeletingFailed);
        Fault::slow_down()
    })?;
    // Without it, it goes on.
    let _ = gone.recv_timeout(WAIT);
    Ok(EMPTY.to_vec())
}

/// Waits until the stream has let go, and removes it.
fn remove(api: &Api, name: &str, made: &Made, key: Option<&str>) {
    // Before others have to wait for it.
    api.streams().give_up(name);
    let _no_reload = api.book().begin_change();
    match api.streams().remove(name) {
        Ok(held) => {
            api.metrics().forget(name);
            api.book().leave(name);
            tracing::info!(stream = name, key, given_up = held, "the API deleted a stream");
        }
        Err(error) => {
            tracing::error!(stream = name, %error, "a stream cannot be deleted");
            made.set_phase(Phase::DeletingFailed);
        }
    }
}
