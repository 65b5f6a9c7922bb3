/// Cuts what comes in pieces into blocks of one size, so that an object does not depend on the pieces.
pub(super) struct Blocks {
    size: usize,
    /// What does not make a block yet.
    pending: Vec<u8>,
}

impl Blocks {
    pub(super) fn of(size: usize) -> Self {
        Self { size, pending: Vec::with_capacity(size) }
    }

    pub(super) fn clear(&mut self) {
        self.pending.clear();
    }

    /// Takes `bytes` and gives each block that is whole. Only what lies at the ends of pieces is copied.
    pub(super) fn push(&mut self, mut bytes: &[u8], mut block: impl FnMut(&[u8])) {
        if !self.pending.is_empty() {
            let fits = bytes.len().min(self.size - self.pending.len());
            let (now, later) = bytes.split_at(fits);
            self.pending.extend_from_slice(now);
            bytes = later;
            if self.pending.len() < self.size {
                return;
            }
            block(&self.pending);
            self.pending.clear();
        }
        let mut blocks = bytes.chunks_exact(self.size);
        blocks.by_ref().for_each(block);
        self.pending.extend_from_slice(blocks.remainder());
    }

    /// The last block, which may be short or empty.
    pub(super) fn rest(&self) -> &[u8] {
        &self.pending
    }
}
