use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use standpipe_api::{Api, Settings};
use standpipe_plugin::Host as Plugins;
use standpipe_spec::Config;
use standpipe_stream::{Changes, Health, Metrics, Plan, Planner, Stop, Streams};

use crate::check::read;
use crate::control::Answer;
use crate::{reload, show};

/// What runs, and what it was made from.
pub(super) struct Host {
    pub(super) streams: Streams,
    pub(super) api: Api,
    pub(super) metrics: Arc<Metrics>,
    pub(super) stop: Stop,
    pub(super) plugins: Plugins,
    /// Of the config file.
    pub(super) path: PathBuf,
    /// As it was when the host started. What a reload may change is not read from it.
    pub(super) config: Config,
    /// It ends once all is delivered.
    pub(super) drain: bool,
    pub(super) is_stopping: AtomicBool,
    /// One reload at a time: streams and settings are of the same file.
    pub(super) reloading: Mutex<()>,
}

impl Host {
    /// Whether the host goes on: with a stream that runs; or, without `--drain`, until it is told to stop, while there is
    /// one that has not failed.
    pub(super) fn goes_on(&self) -> bool {
        if matches!(self.reloading.try_lock(), Err(TryLockError::WouldBlock)) {
            // Streams come and go.
            return true;
        }
        let running = |health| matches!(health, Health::Starting | Health::Running);
        let stopping = self.drain || self.stop.is_asked();
        // Where there is an API, it may make streams.
        let may_have_more = || self.streams.plans().is_empty() || !self.api.book().is_empty();
        (!stopping && self.config.listen.is_some() && may_have_more())
            || self.any(|health| running(health) || (!stopping && health != Health::Failed))
    }

    pub(super) fn any(&self, is: impl Fn(Health) -> bool) -> bool {
        self.streams.health().into_iter().any(|(_, health)| is(health))
    }

    /// Reads the config file again and has it hold. A file that cannot be run changes nothing.
    pub(super) fn reload(&self) -> Answer {
        let _one = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let bad = |text: String| Answer { good: false, text };
        if self.is_stopping.load(std::sync::atomic::Ordering::Relaxed) {
            return bad("error: the host is stopping".to_owned());
        }
        if self.drain {
            return bad(
                "error: a host that drains takes nothing new: let it end, and start it again".to_owned()
            );
        }
        let answer = self.take_over();
        self.count_again();
        answer.unwrap_or_else(bad)
    }

    fn take_over(&self) -> Result<Answer, String> {
        let loaded = read(&self.path, &self.metrics, |_| self.plugins.clone())?;
        let file = &loaded.file;
        if let Some(key) = reload::fixed(&self.config, &file.draft) {
            return Err(format!(
                "error: `{key}` cannot change while the host runs: stop it and start it again"
            ));
        }
        let told = |error: String| format!("error: {error}");
        let settings = Settings::read(&file.draft, loaded.planner.clone()).map_err(told)?;
        // A key that was revoked does not wait for streams that let go slowly.
        let keys = self.api.change_keys(settings.access());
        let changed = self.change(&loaded.planner, loaded.plans, settings, &file.draft);
        let changes = changed.map_err(|error| {
            self.api.change_keys(keys);
            told(error)
        })?;
        let told = reload::told(&changes, file);
        let text = if loaded.told.is_empty() { told } else { format!("{}\n{told}", loaded.told) };
        Ok(Answer { good: true, text })
    }

    /// Shows what the streams count that are there, and nothing of others: a file that was refused had some, too.
    fn count_again(&self) {
        let _still = self.api.hold_still();
        let plans = self.streams.plans();
        for stranger in self.metrics.figures().into_keys() {
            if !plans.iter().any(|plan| plan.name == stranger) {
                self.metrics.forget(&stranger);
            }
        }
        for plan in plans {
            self.metrics.enter(&plan.name, Arc::clone(&plan.metrics));
        }
    }

    /// Has streams and settings be those of a file.
    fn change(
        &self,
        planner: &Planner,
        mut plans: Vec<Plan>,
        settings: Settings,
        config: &Config,
    ) -> Result<Changes, String> {
        // Streams that the API makes, changes or deletes meanwhile would be of neither file.
        let _still = self.api.hold_still();
        let book = self.api.book();
        plans.extend(book.plans(planner, config, &self.metrics).map_err(|error| error.to_string())?);
        let changes = self.streams.change(plans).map_err(|error| error.to_string())?;
        // First: whoever looks for a stream finds it here or there.
        self.api.change(settings);
        match book.give_to(config, self.streams.state()) {
            Ok(given) => given.iter().for_each(|stream| super::tell_given(stream)),
            // They run as the file says. The next start gives them to it.
            Err(error) => tracing::warn!(%error, "a stream that the API made is still in its book"),
        }
        Ok(changes)
    }

    /// The same, and says so where the log goes.
    pub(super) fn reload_told(&self) {
        let Answer { good, text } = self.reload();
        if good {
            tracing::info!("{}", text.trim_end());
        } else {
            tracing::error!("the config file was not taken over, and all goes on as before");
            show::line(text.trim_end());
        }
    }
}
