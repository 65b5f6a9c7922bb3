//! The service's own words for values that its model does not allow.

use std::fmt::Display;

use crate::fault::{Cause, Fault};

/// How many violations are told. Those behind them are counted.
const MOST_TOLD: usize = 50;
const NAME: &str = "[a-zA-Z0-9_.-]+";

/// What is wrong with a request, in the order of its members.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    told: Vec<String>,
    count: usize,
}

impl Violations {
    /// A member that must be there is null or missing.
    pub(crate) fn null(&mut self, at: &str) {
        self.add(at, "Member must not be null");
    }

    /// The value at `at` does not satisfy `constraint`. Values are not told: some are secrets.
    pub(crate) fn add(&mut self, at: &str, constraint: impl Display) {
        self.tell("", at, constraint);
    }

    /// The same with `value`, for the one message in which clients know it.
    pub(crate) fn add_shown(&mut self, value: &str, at: &str, constraint: impl Display) {
        self.tell(&format!(" '{value}'"), at, constraint);
    }

    fn tell(&mut self, value: &str, at: &str, constraint: impl Display) {
        self.count += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(format!("Value{value} at '{at}' failed to satisfy constraint: {constraint}"));
        }
    }

    /// The name of a stream: 1 to 64 of certain characters.
    pub(crate) fn name(&mut self, value: Option<&str>, at: &str) {
        let Some(value) = value else { return self.null(at) };
        let allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '-');
        if value.is_empty() || !value.chars().all(allowed) {
            self.add(at, format_args!("Member must satisfy regular expression pattern: {NAME}"));
        }
        let length = value.chars().count();
        if length == 0 {
            self.add(at, "Member must have length greater than or equal to 1");
        } else if length > 64 {
            self.add(at, "Member must have length less than or equal to 64");
        }
    }

    /// Refuses if anything is wrong.
    pub(crate) fn check(self) -> Result<(), Fault> {
        let noun = match self.count {
            0 => return Ok(()),
            1 => "error",
            _ => "errors",
        };
        let message = format!("{} validation {noun} detected: {}", self.count, self.told.join("; "));
        Err(Fault::new(Cause::Validation, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_violation_is_told_and_all_in_one_message() {
        Violations::default().check().unwrap();
        let mut violations = Violations::default();
        violations.name(Some("web-1_a.B"), "deliveryStreamName");
        violations.check().unwrap();

        let mut violations = Violations::default();
        violations.name(Some("a b"), "deliveryStreamName");
        assert_eq!(
            violations.check().unwrap_err().message,
            "1 validation error detected: Value at 'deliveryStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        );
        let mut violations = Violations::default();
        violations.name(None, "deliveryStreamName");
        violations.add("limit", "Member must have value greater than or equal to 1");
        assert_eq!(
            violations.check().unwrap_err().message,
            "2 validation errors detected: Value at 'deliveryStreamName' failed to satisfy constraint: Member must not be null; Value at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
        );
    }

    #[test]
    fn a_message_has_an_end() {
        let mut violations = Violations::default();
        for number in 1..=1_000 {
            violations.null(&format!("records.{number}.member.data"));
        }
        let message = violations.check().unwrap_err().message;
        assert!(message.starts_with("1000 validation errors detected: Value at 'records.1.member.data'"));
        assert!(message.ends_with(
            "Value at 'records.50.member.data' failed to satisfy constraint: Member must not be null"
        ));
    }
}
