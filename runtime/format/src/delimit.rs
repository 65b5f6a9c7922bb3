use standpipe_record::View;

/// What stands between the records of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Delimiter {
    /// Each record ends in a newline: one that does not gets one.
    #[default]
    Newline,
    /// Nothing. Records lie end to end as they are.
    None,
}

/// Appends `records` to `out`.
pub fn append_records(out: &mut Vec<u8>, records: View<'_>, delimiter: Delimiter) {
    let payload = records.payload();
    if delimiter == Delimiter::None {
        out.extend_from_slice(payload);
        return;
    }
    out.reserve(payload.len() + records.len());
    let base = records.base() as usize;
    // Neighbours that end in a newline already are copied in one piece.
    let mut copied = 0;
    let mut start = 0;
    for &end in records.ends() {
        let end = end as usize - base;
        let record = payload.get(start..end).unwrap_or_default();
        start = end;
        if record.last() != Some(&b'\n') {
            out.extend_from_slice(payload.get(copied..end).unwrap_or_default());
            out.push(b'\n');
            copied = end;
        }
    }
    out.extend_from_slice(payload.get(copied..).unwrap_or_default());
}
