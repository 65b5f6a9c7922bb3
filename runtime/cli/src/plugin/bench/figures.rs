use std::fmt::Write;

use serde::{Deserialize, Serialize};
use standpipe_spec::Size;

use crate::plugin::paint::Paint;
use crate::plugin::schema::shown;
use crate::show::{count, number};

/// A change that is within what two runs of the same differ by, in percent.
const NOISE: i64 = 5;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Figures {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) bytes: u64,
    pub(super) digest: String,
    /// Where the records come from.
    pub(super) from: String,
    /// Digest of params and records.
    pub(super) input: String,
    pub(super) records: u64,
    pub(super) record_bytes: u64,
    pub(super) outputs: u64,
    pub(super) output_bytes: u64,
    pub(super) dropped: u64,
    pub(super) failed: u64,
    /// CPU time and fuel of a record in a batch.
    pub(super) ns: u64,
    pub(super) fuel: u64,
    /// The same of one that comes alone.
    pub(super) alone_p50_ns: u64,
    pub(super) alone_p99_ns: u64,
    pub(super) alone_p50_fuel: u64,
    pub(super) alone_p99_fuel: u64,
    pub(super) start_ns: u64,
    pub(super) compile_ns: u64,
    pub(super) memory: u64,
}

impl Figures {
    /// Bytes out for a hundred bytes in.
    fn ratio(&self) -> u64 {
        self.output_bytes * 100 / self.record_bytes.max(1)
    }

    /// For people, beside the run before.
    pub(super) fn told(&self, before: Option<&Self>, paint: Paint) -> String {
        let same = before.filter(|before| before.input == self.input);
        let change = |figure: fn(&Self) -> u64| {
            let percent = same.and_then(|before| percent(figure(before), figure(self)));
            percent.map(|percent| format!(" ({})", coloured(percent, paint))).unwrap_or_default()
        };
        let mut out = paint.bold(format_args!("{} {}", shown(&self.name), shown(&self.version)));
        let (records, bytes) = (count(self.records, "record"), Size(self.record_bytes));
        let _ = write!(out, ", {}: {records} of {}, {bytes}", Size(self.bytes), self.from);
        let mut line = |what: &str, value: String| {
            let _ = write!(out, "\n  {what:<10} {value}");
        };
        let (in_batch, in_batch_fuel) = (change(|run| run.ns), change(|run| run.fuel));
        line(
            "in batches",
            format!("{}{in_batch} and {} fuel{in_batch_fuel} a record", time(self.ns), number(self.fuel)),
        );
        let (half, most) = (change(|run| run.alone_p50_ns), change(|run| run.alone_p99_ns));
        line(
            "alone",
            format!(
                "half below {}{half}, 99 % below {}{most}; {} and {} fuel",
                time(self.alone_p50_ns),
                time(self.alone_p99_ns),
                number(self.alone_p50_fuel),
                number(self.alone_p99_fuel)
            ),
        );
        let (start, compile) = (change(|run| run.start_ns), change(|run| run.compile_ns));
        line(
            "start",
            format!("{}{start}; compiled in {}{compile}", time(self.start_ns), time(self.compile_ns)),
        );
        line("memory", format!("{} at most{}", Size(self.memory), change(|run| run.memory)));
        let ratio = self.ratio();
        let (whole, rest) = (ratio / 100, ratio % 100);
        let mut became = vec![format!("{whole}.{rest:02} bytes for a byte"), count(self.outputs, "output")];
        for (value, what) in [(self.dropped, "dropped"), (self.failed, "failed")] {
            if value > 0 {
                became.push(format!("{} {what}", number(value)));
            }
        }
        line("output", became.join(", "));
        if let (Some(_), None) = (before, same) {
            line("last run", "had other records or params: there is nothing to compare with".to_owned());
        }
        out
    }
}

/// How much more it is, in percent.
fn percent(before: u64, now: u64) -> Option<i64> {
    let (before, now) = (i64::try_from(before).ok()?, i64::try_from(now).ok()?);
    (before > 0).then(|| (now.saturating_sub(before)).saturating_mul(100) / before)
}

fn coloured(percent: i64, paint: Paint) -> String {
    let text = match percent {
        0 => "±0 %".to_owned(),
        percent => format!("{percent:+} %"),
    };
    match percent {
        percent if percent > NOISE => paint.red(text),
        percent if percent < -NOISE => paint.green(text),
        _ => text,
    }
}

/// A time with three digits or so.
fn time(ns: u64) -> String {
    match ns {
        0..10_000 => format!("{} ns", number(ns)),
        10_000..10_000_000 => format!("{} µs", number(ns / 1_000)),
        10_000_000..10_000_000_000 => format!("{} ms", number(ns / 1_000_000)),
        _ => format!("{} s", number(ns / 1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        Figures {
            name: "zones".into(),
            version: "0.1.0".into(),
            bytes: 104_448,
            digest: "sha256:0".into(),
            from: "case zones".into(),
            input: "sha256:1".into(),
            records: 14,
            record_bytes: 316,
            outputs: 9,
            output_bytes: 361,
            dropped: 1,
            failed: 6,
            ns: 1_540,
            fuel: 4_200,
            alone_p50_ns: 5_000,
            alone_p99_ns: 12_000,
            alone_p50_fuel: 5_100,
            alone_p99_fuel: 9_000,
            start_ns: 9_000,
            compile_ns: 52_000_000,
            memory: 1_400_000,
        }
    }

    #[test]
    fn figures_stand_beside_the_run_before() {
        let before = Figures { ns: 1_400, fuel: 4_200, start_ns: 18_000, ..figures() };
        assert_eq!(
            figures().told(Some(&before), Paint(false)),
            "zones 0.1.0, 102 KiB: 14 records of case zones, 316 B\n  in batches 1,540 ns (+10 %) and 4,200 fuel (±0 %) a \
             record\n  alone      half below 5,000 ns (±0 %), 99 % below 12 µs (±0 %); 5,100 and 9,000 fuel\n  start      \
             9,000 ns (-50 %); compiled in 52 ms (±0 %)\n  memory     1.3 MiB at most (±0 %)\n  output     1.14 bytes for \
             a byte, 9 outputs, 1 dropped, 6 failed"
        );
        assert!(figures().told(Some(&before), Paint(true)).contains("\u{1b}[31m+10 %"));
    }

    #[test]
    fn other_records_are_not_compared() {
        let before = Figures { input: "sha256:2".into(), ..figures() };
        let told = figures().told(Some(&before), Paint(false));
        assert!(
            told.ends_with("last run   had other records or params: there is nothing to compare with"),
            "{told}"
        );
        assert!(!told.contains('%') || !told.contains("±"), "{told}");
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        for (ns, want) in [
            (9, "9 ns"),
            (12_345, "12 µs"),
            (52_000_000, "52 ms"),
            (12_000_000_000, "12 s"),
            (4_500_000_000, "4,500 ms"),
        ] {
            assert_eq!(time(ns), want);
        }
    }
}
