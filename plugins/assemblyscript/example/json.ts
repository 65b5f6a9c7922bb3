// JSON on bytes. A text is checked while it is copied, without spaces and with escapes undone where they need not be;
// beyond that it stays as it is written, so that no number loses digits.

const DEEPEST = 500;

/** An object, as the text that was copied and the places of its members in it. */
export class JsonObject {
  private constructor(private text: Copy) {}

  /** `null` when the text is no object. */
  static parse(text: ArrayBuffer): JsonObject | null {
    const copy = new Copy(text);
    return copy.whole(0x7b) ? new JsonObject(copy) : null;
  }

  /** A member's value, as JSON. Of several members of that name the last one counts. */
  get(name: string): string | null {
    const wanted = String.UTF8.encode('"' + name + '"');
    for (let i = this.text.marked - 4; i >= 0; i -= 4) {
      if (this.text.equals(i, wanted)) return this.text.between(i + 2);
    }
    return null;
  }

  /** The object as text, with one more member or another value, JSON, for one that is there. */
  with(name: string, value: string): ArrayBuffer {
    const text = this.text;
    const wanted = String.UTF8.encode('"' + name + '"');
    const member = String.UTF8.encode('"' + name + '":' + value);
    let length = 2 + member.byteLength;
    for (let i = 0; i < text.marked; i += 4) {
      if (!text.equals(i, wanted)) length += text.length(i, 3) + 1;
    }
    const out = new ArrayBuffer(length);
    let to = changetype<usize>(out);
    store<u8>(to++, 0x7b);
    for (let i = 0; i < text.marked; i += 4) {
      if (text.equals(i, wanted)) continue;
      memory.copy(to, text.place(i), text.length(i, 3));
      to += text.length(i, 3);
      store<u8>(to++, 0x2c);
    }
    memory.copy(to, changetype<usize>(member), member.byteLength);
    store<u8>(to + member.byteLength, 0x7d);
    return out;
  }
}

/** The elements of an array, as JSON. `null` when the text is no array. */
export function elements(text: ArrayBuffer): string[] | null {
  const copy = new Copy(text);
  if (!copy.whole(0x5b)) return null;
  const found: string[] = [];
  for (let i = 0; i < copy.marked; i += 2) found.push(copy.between(i));
  return found;
}

/** What a string stands for that came out of these. */
export function unquote(json: string): string {
  let text = "";
  for (let i = 1; i < json.length - 1; i++) {
    let c = json.charAt(i);
    if (c == "\\") {
      c = json.charAt(++i);
      const control = "btnfr".indexOf(c);
      if (control >= 0) c = "\b\t\n\f\r".charAt(control);
      else if (c == "u") {
        c = String.fromCharCode(<i32>parseInt(json.substr(i + 1, 4), 16));
        i += 4;
      }
    }
    text += c;
  }
  return text;
}

class Copy {
  /** Where the names and values of the outermost object, or the values of the outermost array, begin and end. */
  private marks: Array<u32> = new Array(64);
  marked: i32 = 0;

  private at: usize;
  private end: usize;
  /** What is copied is never longer than what it is copied from. */
  private out: ArrayBuffer;
  private to: usize;

  constructor(text: ArrayBuffer) {
    const out = new ArrayBuffer(text.byteLength);
    this.out = out;
    this.to = changetype<usize>(out);
    this.at = changetype<usize>(text);
    this.end = changetype<usize>(text) + text.byteLength;
  }

  /** Copies one value that begins with `open`, and nothing after it. */
  whole(open: u8): bool {
    return this.next() == open && this.value(0) && this.next() == 0 && this.at == this.end;
  }

  /** Where something was copied to. */
  place(mark: i32): usize {
    return changetype<usize>(this.out) + this.marks[mark];
  }

  /** How much was copied from a mark to the one so many behind it. */
  length(mark: i32, marks: i32 = 1): i32 {
    return this.marks[mark + marks] - this.marks[mark];
  }

  /** What was copied between a mark and the next. */
  between(mark: i32): string {
    return String.UTF8.decodeUnsafe(this.place(mark), this.length(mark));
  }

  equals(mark: i32, wanted: ArrayBuffer): bool {
    const length = wanted.byteLength;
    return this.length(mark) == length && memory.compare(this.place(mark), changetype<usize>(wanted), length) == 0;
  }

  private mark(depth: i32): void {
    if (depth) return;
    if (this.marked == this.marks.length) this.marks.length *= 2;
    this.marks[this.marked++] = <u32>(this.to - changetype<usize>(this.out));
  }

  /** The next byte that is no space; 0, which JSON has nowhere, at the end. */
  private next(): u8 {
    while (this.at < this.end) {
      const c = load<u8>(this.at);
      if (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09) return c;
      this.at++;
    }
    return 0;
  }

  private peek(): u8 {
    return this.at < this.end ? load<u8>(this.at) : 0;
  }

  private put(c: u8): void {
    store<u8>(this.to++, c);
  }

  private take(): void {
    this.put(load<u8>(this.at++));
  }

  private value(depth: i32): bool {
    switch (this.next()) {
      case 0x7b: return this.list(depth, 0x7d);
      case 0x5b: return this.list(depth, 0x5d);
      case 0x22: return this.string();
      case 0x74: return this.word("true");
      case 0x66: return this.word("false");
      case 0x6e: return this.word("null");
      default: return this.number();
    }
  }

  private list(depth: i32, close: u8): bool {
    if (depth == DEEPEST) return false;
    this.take();
    if (this.next() != close) {
      while (true) {
        if (close == 0x7d) {
          this.mark(depth);
          if (this.next() != 0x22 || !this.string()) return false;
          this.mark(depth);
          if (this.next() != 0x3a) return false;
          this.take();
        }
        this.next();
        this.mark(depth);
        if (!this.value(depth + 1)) return false;
        this.mark(depth);
        if (this.next() != 0x2c) break;
        this.take();
      }
      if (this.next() != close) return false;
    }
    this.take();
    return true;
  }

  private word(word: string): bool {
    for (let i = 0; i < word.length; i++) {
      if (this.peek() != word.charCodeAt(i)) return false;
      this.take();
    }
    return true;
  }

  private digits(): bool {
    const from = this.to;
    while (<u8>(this.peek() - 0x30) < 10) this.take();
    return this.to > from;
  }

  private number(): bool {
    if (this.peek() == 0x2d) this.take();
    if (this.peek() == 0x30) this.take();
    else if (!this.digits()) return false;
    if (this.peek() == 0x2e) {
      this.take();
      if (!this.digits()) return false;
    }
    if ((this.peek() | 0x20) == 0x65) {
      this.take();
      if (this.peek() == 0x2b || this.peek() == 0x2d) this.take();
      if (!this.digits()) return false;
    }
    return true;
  }

  private string(): bool {
    this.take();
    while (true) {
      this.plain();
      const c = this.peek();
      if (c == 0x22) {
        this.take();
        return true;
      }
      if (c == 0x5c) {
        if (!this.escape()) return false;
      } else if (c >= 0x80) {
        if (!this.sequence(c)) return false;
      } else if (c < 0x20) {
        return false;
      } else {
        this.take();
      }
    }
  }

  /** Copies blocks of 16 bytes up to one that is no plain ASCII. */
  private plain(): void {
    while (this.at + 16 <= this.end) {
      const block = v128.load(this.at);
      v128.store(this.to, block);
      // Signed, so that bytes from 0x80 on are less than a space, too.
      let special = i8x16.lt_s(block, i8x16.splat(0x20));
      special = v128.or(special, i8x16.eq(block, i8x16.splat(0x22)));
      special = v128.or(special, i8x16.eq(block, i8x16.splat(0x5c)));
      const mask = i8x16.bitmask(special);
      const length: usize = mask ? <usize>ctz(mask) : 16;
      this.at += length;
      this.to += length;
      if (mask) return;
    }
  }

  /** A character of two to four bytes. */
  private sequence(c: u8): bool {
    const length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || this.at + length > this.end) return false;
    const second = load<u8>(this.at, 1);
    if (c == 0xe0 && second < 0xa0) return false; // too long for what it says
    if (c == 0xed && second > 0x9f) return false; // half a pair of UTF-16
    if (c == 0xf0 && second < 0x90) return false;
    if (c == 0xf4 && second > 0x8f) return false; // past the last character
    this.take();
    for (let i = 1; i < length; i++) {
      if ((this.peek() & 0xc0) != 0x80) return false;
      this.take();
    }
    return true;
  }

  private escape(): bool {
    this.at++;
    const c = this.peek();
    if (c != 0x75) {
      // `"\bfnrt`; a slash needs no escape.
      if (c != 0x2f) {
        if (!"\"\\bfnrt".includes(String.fromCharCode(c))) return false;
        this.put(0x5c);
      }
      this.take();
      return true;
    }
    let code = this.hex();
    if (code >= 0xd800 && code < 0xdc00) {
      if (this.peek() != 0x5c) return false;
      this.at++;
      const low = this.hex();
      if (low < 0xdc00 || low > 0xdfff) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code < 0 || (code >= 0xdc00 && code < 0xe000)) return false;
    const plain = code < 0x20 ? control(code) : String.fromCodePoint(code);
    if (code == 0x22 || code == 0x5c) this.put(0x5c);
    this.to += String.UTF8.encodeUnsafe(changetype<usize>(plain), plain.length, this.to);
    return true;
  }

  /** The number behind a `u`, -1 when there is none. */
  private hex(): i32 {
    if (this.peek() != 0x75) return -1;
    this.at++;
    let code = 0;
    for (let i = 0; i < 4; i++, this.at++) {
      const c = this.peek();
      const letter = (c | 0x20) - 0x61;
      if (<u8>(c - 0x30) < 10) code = (code << 4) | (c - 0x30);
      else if (letter >= 0 && letter < 6) code = (code << 4) | (letter + 10);
      else return -1;
    }
    return code;
  }
}

function control(code: i32): string {
  const short = "\b\t\n\f\r".indexOf(String.fromCharCode(code));
  return short < 0 ? "\\u00" + (code < 16 ? "0" : "") + code.toString(16) : "\\" + "btnfr".charAt(short);
}
