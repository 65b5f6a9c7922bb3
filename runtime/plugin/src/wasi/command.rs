/// What a WASI command reads and writes.
#[derive(Debug, Default)]
pub(crate) struct Stdio {
    /// Standard input.
    pub(crate) input: Vec<u8>,
    /// How much of it was read.
    read: usize,
    /// Standard output.
    pub(crate) output: Vec<u8>,
}

impl Stdio {
    /// With this standard input.
    pub(crate) fn new(input: Vec<u8>) -> Self {
        Self { input, ..Self::default() }
    }

    /// The next `len` bytes of the input, fewer at its end, none behind it.
    pub(crate) fn read(&mut self, len: u64) -> Option<Vec<u8>> {
        let rest = self.input.get(self.read..).filter(|rest| !rest.is_empty())?;
        let part = rest.get(..rest.len().min(usize::try_from(len).unwrap_or(usize::MAX)))?.to_vec();
        self.read += part.len();
        Some(part)
    }
}
