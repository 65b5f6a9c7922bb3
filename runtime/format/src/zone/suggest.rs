use jiff::tz::TimeZoneDatabase;

use super::ZoneError;

/// How alike two names must be, from 0 to 1, for one to be suggested for the other.
const ALIKE: f64 = 0.8;

/// The zone that `text` was most likely meant to be: one in another spelling, one whose place alone was
/// written, or one that is nearly written so.
pub(super) fn nearest(text: &str) -> Option<String> {
    let text = plain(text);
    let likeness = |name: &str| {
        let name = plain(name);
        let place = name.rsplit('/').next().unwrap_or_default();
        let whole = strsim::normalized_damerau_levenshtein(&text, &name);
        if text.contains('/') {
            whole
        } else {
            whole.max(strsim::normalized_damerau_levenshtein(&text, place))
        }
    };
    let database = TimeZoneDatabase::bundled();
    let names = database.available().map(|name| name.to_string());
    let scored = names.filter(|name| ZoneError::of_form(name).is_ok()).map(|name| (likeness(&name), name));
    // The last of those that are as good would be an old name, such as `US/…`.
    let best = scored.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, name)| name)
}

fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "")
}
