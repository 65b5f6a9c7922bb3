//! The service's own words for values that its model does not allow.

use crate::fault::{Cause, Fault};

/// The longest value that is repeated in a message, in bytes.
const MOST_SHOWN: usize = 256;
const NAME: &str = "[a-zA-Z0-9_.-]+";

/// What is wrong with a request, in the order of its members.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<String>);

impl Violations {
    /// A member that must be there is null or missing.
    pub(crate) fn null(&mut self, at: &str) {
        self.0.push(format!("Value null at '{at}' failed to satisfy constraint: Member must not be null"));
    }

    /// The value at `at` does not satisfy `constraint`.
    pub(crate) fn add(&mut self, value: &str, at: &str, constraint: &str) {
        let value = value.get(..value.floor_char_boundary(MOST_SHOWN)).unwrap_or_default();
        self.0.push(format!(
            "Value '{value}' at '{at}' failed to satisfy constraint: Member must {constraint}"
        ));
    }

    /// The value at `at`, which is too large to be repeated, does not satisfy `constraint`.
    pub(crate) fn add_unseen(&mut self, at: &str, constraint: &str) {
        self.0.push(format!("Value at '{at}' failed to satisfy constraint: Member must {constraint}"));
    }

    /// The name of a stream: 1 to 64 of certain characters.
    pub(crate) fn name(&mut self, value: Option<&str>, at: &str) {
        let Some(value) = value else { return self.null(at) };
        let allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '-');
        if value.is_empty() || !value.chars().all(allowed) {
            self.add(value, at, &format!("satisfy regular expression pattern: {NAME}"));
        }
        let length = value.chars().count();
        if length == 0 {
            self.add(value, at, "have length greater than or equal to 1");
        } else if length > 64 {
            self.add(value, at, "have length less than or equal to 64");
        }
    }

    /// A number from `least` to `most`, if there is one.
    pub(crate) fn range(&mut self, value: Option<i64>, at: &str, least: i64, most: i64) {
        let Some(value) = value else { return };
        if value < least {
            self.add(&value.to_string(), at, &format!("have value greater than or equal to {least}"));
        } else if value > most {
            self.add(&value.to_string(), at, &format!("have value less than or equal to {most}"));
        }
    }

    /// Refuses if anything is wrong.
    pub(crate) fn check(self) -> Result<(), Fault> {
        let noun = match self.0.len() {
            0 => return Ok(()),
            1 => "error",
            _ => "errors",
        };
        let message = format!("{} validation {noun} detected: {}", self.0.len(), self.0.join("; "));
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
        violations.range(Some(10), "limit", 1, 10_000);
        violations.range(None, "limit", 1, 10_000);
        violations.check().unwrap();

        let mut violations = Violations::default();
        violations.name(Some("a b"), "deliveryStreamName");
        assert_eq!(
            violations.check().unwrap_err().message,
            "1 validation error detected: Value 'a b' at 'deliveryStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        );
        let mut violations = Violations::default();
        violations.name(None, "deliveryStreamName");
        violations.range(Some(0), "limit", 1, 10_000);
        assert_eq!(
            violations.check().unwrap_err().message,
            "2 validation errors detected: Value null at 'deliveryStreamName' failed to satisfy constraint: Member must not be null; Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
        );
        let mut violations = Violations::default();
        violations.name(Some(&"é".repeat(1_000)), "deliveryStreamName");
        assert!(violations.check().unwrap_err().message.len() < 1_200);
    }
}
