use proptest::prelude::*;
use standpipe_logline::csv::field;
use standpipe_sdk::{Failure, Outputs, Record, Verdict, testing};

/// The fields of one record of RFC 4180. Panics on what that does not allow.
pub(crate) fn read(record: &[u8]) -> Vec<Vec<u8>> {
    let mut fields = Vec::new();
    let mut rest = record;
    loop {
        let mut text = Vec::new();
        if let Some(inner) = rest.strip_prefix(b"\"") {
            rest = inner;
            loop {
                let quote = rest.iter().position(|&byte| byte == b'"').expect("a quote that closes");
                text.extend(&rest[..quote]);
                rest = &rest[quote + 1..];
                let Some(behind) = rest.strip_prefix(b"\"") else { break };
                text.push(b'"');
                rest = behind;
            }
        } else {
            let end = rest.iter().position(|&byte| byte == b',').unwrap_or(rest.len());
            text.extend(&rest[..end]);
            assert!(!text.iter().any(|byte| b"\"\r\n".contains(byte)), "{}", record.escape_ascii());
            rest = &rest[end..];
        }
        fields.push(text);
        match rest.split_first() {
            None => return fields,
            Some((comma, behind)) => {
                assert_eq!(*comma, b',', "{}", record.escape_ascii());
                rest = behind;
            }
        }
    }
}

mod fields {
    use super::*;

    /// Writes a record's bytes as one field, and once more behind a comma.
    #[standpipe_sdk::plugin]
    fn twice(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
        out.emit_with(|csv| {
            field(csv, record.payload());
            csv.push(b',');
            field(csv, record.payload());
            Ok(())
        })
    }
}

proptest! {
    #[test]
    fn a_field_gives_back_its_text(text in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        "[ab \",\r\n]{0,12}".prop_map(String::into_bytes),
    ]) {
        let outcomes = testing::run::<fields::Plugin>("{}", &[&text]);
        prop_assert_eq!(read(&outcomes.outputs[0].payload), [text.clone(), text]);
    }
}
