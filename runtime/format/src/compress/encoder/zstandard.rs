use zstd::stream::raw::{CParameter, Encoder, InBuffer, Operation, OutBuffer};

/// How much room there is at least when zstd is called.
const ROOM: usize = 32 * 1024;

/// Frames of zstd.
pub(super) struct Zstandard(Encoder<'static>);

impl Zstandard {
    pub(super) fn new(level: u8) -> Self {
        let mut encoder = Encoder::new(level.into()).expect("there is memory for a context");
        encoder.set_parameter(CParameter::ChecksumFlag(true)).expect("every frame may have a checksum");
        Self(encoder)
    }

    pub(super) fn begin(&mut self, bytes: Option<u64>) {
        self.0.reinit().expect("a session can be ended at any time");
        self.0.set_pledged_src_size(bytes).expect("nothing was written yet");
    }

    pub(super) fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut input = InBuffer::around(bytes);
        while input.pos() < bytes.len() {
            out.reserve(ROOM);
            let place = out.len();
            let mut room = OutBuffer::around_pos(out, place);
            self.0.run(&mut input, &mut room).expect("as many bytes come as were announced");
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        loop {
            out.reserve(ROOM);
            let place = out.len();
            let mut room = OutBuffer::around_pos(out, place);
            let left = self.0.finish(&mut room, true).expect("as many bytes came as were announced");
            if left == 0 {
                return;
            }
        }
    }
}
