use jiff::Zoned;

/// Weeks as they are counted in the United States, which is how Java counts them for `Locale.US`: a week begins
/// on Sunday, and the one with the first of January in it is the first of its year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Week {
    /// The year that it belongs to: another than the day's in the last days of some Decembers.
    pub(super) year: i64,
    /// Its number in that year, from 1.
    pub(super) number: i64,
}

impl Week {
    pub(super) fn of(day: &Zoned) -> Self {
        let (year, number) = (i64::from(day.year()), week(day, day.day_of_year().into()));
        // The Saturday of a year's last week lies in the next year unless it is among this one's days.
        let left = i64::from(day.days_in_year()) - i64::from(day.day_of_year());
        if 7 - weekday(day) > left { Self { year: year + 1, number: 1 } } else { Self { year, number } }
    }
}

/// The number of the week in its month, from 1, which begins anew with each month.
pub(super) fn of_month(day: &Zoned) -> i64 {
    week(day, day.day().into())
}

/// The number of the day in its week, Sunday being 1.
pub(super) fn weekday(day: &Zoned) -> i64 {
    day.weekday().to_sunday_one_offset().into()
}

/// The number of the week of `day`, which is day `number` of a year or a month, counted from the week that has
/// its first day.
fn week(day: &Zoned, number: i64) -> i64 {
    // Days of the first week that lie before the first day.
    let before = (weekday(day) - number).rem_euclid(7);
    (before + number - 1) / 7 + 1
}
