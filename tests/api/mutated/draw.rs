//! Requests that are right, and how they are damaged: drawn, and the same for a seed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What goes into bodies in places where it does not belong, with a `~` between one and the next.
pub(super) const TOKENS: &str = concat!(
    r#"{~}~[~]~,~:~"~\~null~true~false~{}~[]~""~0~-0~01~-~1.~1e999~1E-7~18446744073709551616~-9223372036854775809~"#,
    r#"\u0041~\ud800~\ud83d\ude00~\/~\n~\x~\u00~é~ ~"Data":~"Record":~"Records":~"DeliveryStreamName":~"Limit":~YQ==~=~"#,
    "\u{0}~\u{b}~\t~\r\n~\u{feff}"
);
/// The same for headers.
const HEADERS: &str =
    "gzip~identity~GZIP~gzip, gzip~deflate~Firehose_20150804.~.PutRecord~CreateDeliveryStream";

/// Numbers that look drawn, and are the same each time.
pub(super) struct Draw(pub(super) u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).unwrap()
    }

    /// A body that is right, and the operation that it is for.
    pub(super) fn body(&mut self) -> (&'static str, String) {
        let data = |draw: &mut Self| {
            let bytes: Vec<_> = (0..draw.below(40)).map(|_| draw.next().to_le_bytes()[0]).collect();
            let text = STANDARD.encode(bytes);
            if draw.below(4) == 0 { text.replace('/', "\\/").replace('A', "\\u0041") } else { text }
        };
        match self.below(8) {
            0..3 => {
                let data = data(self);
                ("PutRecord", format!(r#"{{"DeliveryStreamName":"web","Record":{{"Data":"{data}"}}}}"#))
            }
            3..6 => {
                let count = 1 + self.below(6);
                let items: Vec<_> = (0..count).map(|_| format!(r#"{{"Data": "{}"}}"#, data(self))).collect();
                let items = items.join(",");
                (
                    "PutRecordBatch",
                    format!(
                        r#"{{"Records":[{items}],"DeliveryStreamName":"w\u0065b","More":[1,{{"a":null}}]}}"#
                    ),
                )
            }
            6 => ("DescribeDeliveryStream", r#"{"DeliveryStreamName":"web","Limit":10}"#.to_owned()),
            _ => (
                "ListDeliveryStreams",
                r#"{"Limit":3,"DeliveryStreamType":"DirectPut","ExclusiveStartDeliveryStreamName":"a"}"#
                    .to_owned(),
            ),
        }
    }

    /// Damages bytes a little. `tokens` are what may be put in.
    pub(super) fn damage(&mut self, bytes: &mut Vec<u8>, tokens: &str) {
        let (from, to) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 24));
        match self.below(7) {
            0 if !bytes.is_empty() => {
                let at = self.below(bytes.len());
                bytes[at] ^= 1 << self.below(8);
            }
            1 => drop(bytes.drain(from..to)),
            2 => bytes.truncate(to),
            3 => {
                let again = bytes[from..to].to_vec();
                bytes.splice(from..from, again);
            }
            4 => {
                let other = self.body().1.into_bytes();
                let begin = self.below(other.len());
                bytes.splice(from..to, other[begin..(begin + 24).min(other.len())].iter().copied());
            }
            _ => {
                let token = tokens.split('~').nth(self.below(tokens.split('~').count())).unwrap();
                bytes.splice(from..if self.below(2) == 0 { from } else { to }, token.bytes());
            }
        }
    }

    /// A header's value: nothing in it ends the line.
    pub(super) fn header(&mut self, value: &str) -> Vec<u8> {
        let mut bytes = value.as_bytes().to_vec();
        if self.below(6) == 0 {
            self.damage(&mut bytes, HEADERS);
        }
        bytes.retain(|byte| !matches!(byte, b'\r' | b'\n'));
        bytes
    }
}
