//! The bodies of `PutRecord` and `PutRecordBatch`, decoded straight into the columns of a batch.

use base64_simd::STANDARD;

use crate::json::{Cursor, Malformed};

/// What a put says. What is null or missing is `None`: the service has words of its own for that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Put {
    /// `DeliveryStreamName`.
    pub stream: Option<String>,
    /// `Record`, or `Records`.
    pub records: Option<Records>,
}

/// Of how many records it is noted where they end and what they lack: a request has fewer.
const MOST_NOTED: usize = 1_000;

/// Records end to end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// All data.
    pub payload: Vec<u8>,
    /// Where each record ends in it; of the first 1,000.
    pub ends: Vec<u32>,
    /// The first 1,000 records without data, or that are null themselves.
    pub missing: Vec<Missing>,
}

/// A record that lacks something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// Its number, from 0.
    pub record: usize,
    /// Whether it is null itself.
    pub whole: bool,
}

/// The body is no such request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not the JSON of this operation")]
pub struct NotAPut;

impl From<Malformed> for NotAPut {
    fn from(_: Malformed) -> Self {
        Self
    }
}

impl Put {
    /// Reads the body of `PutRecord`.
    pub fn record(body: &[u8]) -> Result<Self, NotAPut> {
        Self::read(body, "Record", one)
    }

    /// Reads the body of `PutRecordBatch`.
    pub fn batch(body: &[u8]) -> Result<Self, NotAPut> {
        Self::read(body, "Records", |cursor, records| cursor.array(|cursor| one(cursor, records)))
    }

    fn read(
        body: &[u8],
        member: &str,
        mut read: impl FnMut(&mut Cursor<'_>, &mut Records) -> Result<(), Malformed>,
    ) -> Result<Self, NotAPut> {
        let mut cursor = Cursor::new(body)?;
        let (mut stream, mut records) = (Once::default(), Once::default());
        cursor.object(|cursor, name| match name.read()?.as_ref() {
            "DeliveryStreamName" => stream.set(match cursor.null()? {
                true => None,
                false => Some(cursor.string()?.read()?.into_owned()),
            }),
            known if known == member => {
                let value = match cursor.null()? {
                    true => None,
                    false => {
                        // Base64 takes four bytes for three.
                        let payload = Vec::with_capacity(body.len() / 4 * 3);
                        let mut found = Records { payload, ..Records::default() };
                        read(cursor, &mut found)?;
                        Some(found)
                    }
                };
                records.set(value)
            }
            _ => cursor.skip(),
        })?;
        cursor.end()?;
        Ok(Self { stream: stream.value.flatten(), records: records.value.flatten() })
    }
}

/// A member that may stand there once.
struct Once<T> {
    value: Option<Option<T>>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self { value: None }
    }
}

impl<T> Once<T> {
    fn set(&mut self, value: Option<T>) -> Result<(), Malformed> {
        match self.value.replace(value) {
            None => Ok(()),
            Some(_) => Err(Malformed),
        }
    }
}

/// Reads one `Record`.
fn one(cursor: &mut Cursor<'_>, records: &mut Records) -> Result<(), Malformed> {
    let number = records.ends.len();
    let note = |records: &mut Records, whole| {
        if number < MOST_NOTED {
            records.missing.push(Missing { record: number, whole });
        }
    };
    if cursor.null()? {
        note(records, true);
    } else {
        let (mut seen, mut has_data) = (false, false);
        cursor.object(|cursor, name| {
            if name.read()?.as_ref() != "Data" {
                return cursor.skip();
            }
            if std::mem::replace(&mut seen, true) {
                return Err(Malformed);
            }
            if cursor.null()? {
                return Ok(());
            }
            has_data = true;
            // Base64 has none of the characters that a string may not have.
            match cursor.plain()? {
                Some(text) => data(text, &mut records.payload),
                None => data(cursor.string()?.read()?.as_bytes(), &mut records.payload),
            }
        })?;
        if !has_data {
            note(records, false);
        }
    }
    if number < MOST_NOTED {
        records.ends.push(u32::try_from(records.payload.len()).map_err(|_| Malformed)?);
    }
    Ok(())
}

fn data(text: &[u8], payload: &mut Vec<u8>) -> Result<(), Malformed> {
    STANDARD.decode_append(text, payload).map_err(|_| Malformed)
}
