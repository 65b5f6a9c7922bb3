//! A request that makes, changes or deletes a stream.

use std::sync::{Arc, RwLockReadGuard};

use standpipe_spec::Buckets;
use standpipe_stream::{Health, Plan, StreamMetrics};

use super::Asked;
use crate::access::Caller;
use crate::api::Settings;
use crate::destination::{self, Said};
use crate::fault::{Cause, Fault};
use crate::made::{self, Definition, MOST_BYTES, Made, Phase};

/// A change that a reload waits for. It goes by what holds when it begins: the request may be older than the last reload,
/// and its key may be revoked since.
pub(super) struct Change<'a> {
    asked: &'a Asked<'a>,
    action: &'static str,
    pub(super) settings: Arc<Settings>,
    _no_reload: RwLockReadGuard<'a, ()>,
}

impl<'a> Asked<'a> {
    /// Waits for a reload under way, and asks again whether the caller may do this with the stream.
    pub(super) fn begin(&'a self, action: &'static str, stream: &str) -> Result<Change<'a>, Fault> {
        let no_reload = self.api.book().begin_change();
        let settings = self.api.settings();
        let change = Change { asked: self, action, settings, _no_reload: no_reload };
        let Settings { account, .. } = &*change.settings;
        change.caller()?.authorize(action, Some(stream), account, &change.settings.arn(stream))?;
        Ok(change)
    }
}

impl Change<'_> {
    fn caller(&self) -> Result<Caller<'_>, Fault> {
        let access = &self.settings.access;
        match self.asked.caller {
            Caller::Anyone if access.is_open() => Ok(Caller::Anyone),
            caller => access.key(caller.id()).map(Caller::Key).ok_or_else(|| {
                let message = "The security token included in the request is invalid.";
                Fault::new(Cause::UnrecognizedClient, message)
            }),
        }
    }

    /// A stream that the API made. One of the config is changed there.
    pub(super) fn made(&self, stream: &str) -> Result<Arc<Made>, Fault> {
        if self.settings.streams.contains_key(stream) {
            let message = format!(
                "Firehose {stream} is in the config file of its host, and only that changes it: edit it and have the \
                 host reload it"
            );
            return Err(Fault::new(Cause::InvalidArgument, message));
        }
        self.asked.api.book().get(stream).ok_or_else(|| self.asked.not_found(stream))
    }

    /// What holds of a stream, if it is in a state to be changed. Whoever asks is alone with it.
    pub(super) fn settled(&self, stream: &str, made: &Arc<Made>) -> Result<Arc<Definition>, Fault> {
        self.is_there(stream, made)?;
        match self.asked.phase(stream, made) {
            Phase::Active => Ok(made.now()),
            _ => Err(self.in_use(stream)),
        }
    }

    /// Another one may have its name by now.
    pub(super) fn is_there(&self, stream: &str, made: &Arc<Made>) -> Result<(), Fault> {
        let now = self.asked.api.book().get(stream);
        let is_same = now.is_some_and(|now| Arc::ptr_eq(&now, made));
        if is_same { Ok(()) } else { Err(self.asked.not_found(stream)) }
    }

    /// A definition as it is to be kept, in the place of the stream's own.
    pub(super) fn text(&self, made: &Made, definition: &Definition) -> Result<String, Fault> {
        let text = definition.text()?;
        match self.asked.api.book().has_room(made, text.len()) {
            true => Ok(text),
            false => Err(too_long()),
        }
    }

    pub(super) fn in_use(&self, stream: &str) -> Fault {
        let account = &self.settings.account;
        let message = format!("Firehose {stream} under accountId {account} is not in the ACTIVE state");
        Fault::new(Cause::ResourceInUse, message)
    }

    /// Refuses what the caller's key does not allow a stream to name, also where it is not enabled: others may enable it.
    pub(super) fn permit(&self, said: &Said) -> Result<(), Fault> {
        let (caller, account) = (self.caller()?, &self.settings.account);
        for bucket in destination::buckets(said) {
            caller.permit_bucket(self.action, bucket, account)?;
        }
        for function in destination::functions(said) {
            let plugin = self.settings.lambda.plugin(function);
            caller.permit_plugin(self.action, plugin, function, account)?;
        }
        Ok(())
    }

    /// A plan of what a stream is to be. Nothing is kept of it yet.
    pub(super) fn plan(
        &self,
        name: &str,
        definition: &Definition,
        metrics: Arc<StreamMetrics>,
    ) -> Result<Plan, Fault> {
        let Settings { lambda, .. } = &*self.settings;
        let planner = self.settings.planner();
        let refuse = |message: String| Fault::new(Cause::InvalidArgument, message);
        match planner.buckets() {
            Buckets::None => {
                let message =
                    "the host has no place for buckets: add `[s3]` to its config, and start it again";
                return Err(refuse(message.to_owned()));
            }
            Buckets::S3(_) => {
                for bucket in destination::buckets(&definition.destination) {
                    if let Some(problem) = standpipe_spec::bucket_problem(bucket, true) {
                        return Err(refuse(format!("BucketARN names no bucket: {problem}")));
                    }
                }
            }
            Buckets::Directory(_) => {}
        }
        made::plan(name, definition, planner, lambda, metrics).map_err(refuse)
    }
}

/// What all streams say together has a limit.
pub(super) fn too_long() -> Fault {
    let message = format!("The descriptions of all Firehoses have more than {MOST_BYTES} bytes.");
    Fault::new(Cause::LimitExceeded, message)
}

impl Asked<'_> {
    /// How far a stream is. It is active once it has been ready.
    pub(super) fn phase(&self, stream: &str, made: &Made) -> Phase {
        if made.phase() == Phase::Creating && self.streams.health_of(stream) == Some(Health::Running) {
            made.activate();
        }
        made.phase()
    }

    pub(super) fn has_failed(&self, stream: &str) -> bool {
        self.streams.health_of(stream) == Some(Health::Failed)
    }
}
