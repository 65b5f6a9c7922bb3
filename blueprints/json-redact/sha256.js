const encoder = new TextEncoder();

/** The first 64 primes: of their roots the standard takes its constants. */
const PRIMES = [];
for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((prime) => n % prime !== 0)) PRIMES.push(n);

/** 32 bits behind the point. */
const fraction = (root) => ((root % 1) * 2 ** 32) | 0;
const ROUNDS = new Int32Array(PRIMES.map((prime) => fraction(Math.cbrt(prime))));
const START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

/** The words of a block, and what they are extended to. */
const words = new Int32Array(64);

/** SHA-256 (FIPS 180-4) of a text's UTF-8, in hexadecimal digits. Plugins have no `crypto.subtle`. */
export function sha256(text) {
  const data = padded(encoder.encode(text));
  const state = new Int32Array(START);
  for (let offset = 0; offset < data.byteLength; offset += 64) {
    for (let i = 0; i < 16; i++) words[i] = data.getInt32(offset + 4 * i);
    extend();
    compress(state);
  }
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

/** A one bit, zeros, and the length in bits as 64 bits fill the last block. */
function padded(bytes) {
  const filled = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6);
  filled.set(bytes);
  filled[bytes.length] = 0x80;
  const data = new DataView(filled.buffer);
  data.setBigUint64(filled.length - 8, BigInt(bytes.length) * 8n);
  return data;
}

function extend() {
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15];
    const y = words[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = words[i - 16] + s0 + words[i - 7] + s1;
  }
}

function compress(state) {
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[i] + words[i]) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t) | 0;
    const major = (a & b) ^ (a & c) ^ (b & c);
    d = c;
    c = b;
    b = a;
    a = (t + s0 + major) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] += word;
  });
}
