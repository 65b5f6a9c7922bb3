//! Just as much JSON as the wire needs: reading forward through a body, and passing over what nobody asked for. It takes
//! and refuses what `serde_json` does, but for depth.

use std::borrow::Cow;

/// How deep arrays and objects may lie in each other.
const MOST_DEPTH: usize = 64;

/// Where a body is no JSON, or not of the shape that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

type Result<T> = std::result::Result<T, Malformed>;

/// A place in a body that is UTF-8.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// A string as it stands between its quotes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a> {
    pub(crate) text: &'a str,
    has_escapes: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Result<Self> {
        Ok(Self { text: std::str::from_utf8(body).map_err(|_| Malformed)?, at: 0 })
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Takes `byte`, if it comes next.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let comes = self.peek() == Some(byte);
        self.at += usize::from(comes);
        comes
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.take(byte) { Ok(()) } else { Err(Malformed) }
    }

    /// Nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<()> {
        if self.peek().is_none() { Ok(()) } else { Err(Malformed) }
    }

    /// Gives each member of an object to `member`, which reads its value.
    pub(crate) fn object(&mut self, mut member: impl FnMut(&mut Self, Raw<'a>) -> Result<()>) -> Result<()> {
        self.expect(b'{')?;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            let name = self.string()?;
            self.expect(b':')?;
            member(self, name)?;
            if self.take(b'}') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    /// Has `item` read each item of an array.
    pub(crate) fn array(&mut self, mut item: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.expect(b'[')?;
        if self.take(b']') {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.take(b']') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    /// Takes `null`, if it comes next.
    pub(crate) fn null(&mut self) -> Result<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.word("null").map(|()| true)
    }

    fn word(&mut self, word: &str) -> Result<()> {
        let comes = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += word.len();
        if comes { Ok(()) } else { Err(Malformed) }
    }

    /// A string whose characters the caller checks, if it has no escapes. None, and nothing is read, if it has some.
    pub(crate) fn plain(&mut self) -> Result<Option<&'a [u8]>> {
        self.expect(b'"')?;
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let found = memchr::memchr2(b'"', b'\\', rest).ok_or(Malformed)?;
        if rest.get(found) == Some(&b'\\') {
            self.at -= 1;
            return Ok(None);
        }
        self.at += found + 1;
        Ok(rest.get(..found))
    }

    /// A string, checked but for what its escapes stand for.
    pub(crate) fn string(&mut self) -> Result<Raw<'a>> {
        self.expect(b'"')?;
        let (from, mut has_escapes) = (self.at, false);
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let found = memchr::memchr2(b'"', b'\\', rest).ok_or(Malformed)?;
            let end = self.at + found;
            // Spans without escapes are long; eight bytes at a time go by the compiler.
            let plain = rest.get(..found).unwrap_or_default();
            if plain.iter().fold(false, |low, byte| low | (*byte < 0x20)) {
                return Err(Malformed);
            }
            self.at = end + 1;
            if rest.get(found) == Some(&b'"') {
                let text = self.text.get(from..end).ok_or(Malformed)?;
                return Ok(Raw { text, has_escapes });
            }
            has_escapes = true;
            let digits = match self.byte().ok_or(Malformed)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 0,
                b'u' => 4,
                _ => return Err(Malformed),
            };
            let hex = self.text.as_bytes().get(self.at + 1..self.at + 1 + digits).ok_or(Malformed)?;
            if !hex.iter().all(u8::is_ascii_hexdigit) {
                return Err(Malformed);
            }
            self.at += 1 + digits;
        }
    }

    /// Passes over a value of any kind.
    pub(crate) fn skip(&mut self) -> Result<()> {
        // The closing brackets that are owed.
        let mut open = Vec::new();
        loop {
            match self.peek().ok_or(Malformed)? {
                b'"' => drop(self.string()?),
                b'n' => self.word("null")?,
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'-' | b'0'..=b'9' => self.number()?,
                bracket @ (b'[' | b'{') => {
                    self.at += 1;
                    let close = if bracket == b'[' { b']' } else { b'}' };
                    if !self.take(close) {
                        if open.len() == MOST_DEPTH {
                            return Err(Malformed);
                        }
                        open.push(close);
                        if close == b'}' {
                            self.name()?;
                        }
                        continue;
                    }
                }
                _ => return Err(Malformed),
            }
            // A value has ended, and perhaps what it lies in.
            loop {
                let Some(close) = open.last().copied() else { return Ok(()) };
                if self.take(close) {
                    open.pop();
                    continue;
                }
                self.expect(b',')?;
                if close == b'}' {
                    self.name()?;
                }
                break;
            }
        }
    }

    fn name(&mut self) -> Result<()> {
        self.string()?;
        self.expect(b':')
    }

    fn number(&mut self) -> Result<()> {
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        // `01` is no number.
        if self.byte().is_some_and(|byte| byte.is_ascii_digit()) { Err(Malformed) } else { Ok(()) }
    }

    fn digits(&mut self) -> Result<()> {
        let from = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > from { Ok(()) } else { Err(Malformed) }
    }
}

impl<'a> Raw<'a> {
    /// What it stands for. Half a pair of surrogates stands for nothing.
    pub(crate) fn read(self) -> Result<Cow<'a, str>> {
        if !self.has_escapes {
            return Ok(Cow::Borrowed(self.text));
        }
        let mut out = String::with_capacity(self.text.len());
        let mut rest = self.text;
        while let Some((plain, escape)) = rest.split_once('\\') {
            out.push_str(plain);
            let kind = escape.chars().next().ok_or(Malformed)?;
            let mut after = escape.get(1..).ok_or(Malformed)?;
            out.push(match kind {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let mut unit = || {
                        let hex = after.get(..4).ok_or(Malformed)?;
                        after = after.get(4..).ok_or(Malformed)?;
                        u32::from_str_radix(hex, 16).map_err(|_| Malformed)
                    };
                    let first = unit()?;
                    match first {
                        0xd800..0xdc00 => {
                            let low = after.strip_prefix("\\u").ok_or(Malformed)?;
                            let second = low.get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                            let second =
                                second.filter(|unit| (0xdc00..0xe000).contains(unit)).ok_or(Malformed)?;
                            after = low.get(4..).ok_or(Malformed)?;
                            char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
                        }
                        _ => char::from_u32(first),
                    }
                    .ok_or(Malformed)?
                }
                plain => plain,
            });
            rest = after;
        }
        out.push_str(rest);
        Ok(Cow::Owned(out))
    }
}
