/// The names of the months, from January.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The names of the days, from Sunday, with which a week begins in the United States.
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub(super) const QUARTERS: [&str; 4] = ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"];

/// Number `value`, counted from 1, when its letter stands `count` times: three give three letters of the name,
/// four all, five one.
pub(super) fn name(value: i64, count: usize, names: &[&str]) -> String {
    let name =
        usize::try_from(value - 1).ok().and_then(|place| names.get(place)).copied().unwrap_or_default();
    name.chars().take(letters(name, count)).collect()
}

/// The most bytes that [`name`] gives.
pub(super) fn longest(count: usize, names: &[&str]) -> usize {
    names.iter().map(|name| letters(name, count)).max().unwrap_or_default()
}

fn letters(name: &str, count: usize) -> usize {
    match count {
        3 => 3,
        4 => name.len(),
        _ => 1,
    }
}
