// What the SDK keeps its lists in. Authors need `sp_text` of it, and the three functions beside it.
#ifndef STANDPIPE_BUFFER_H
#define STANDPIPE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// A piece of text, or of any bytes. No zero ends it.
typedef struct sp_text {
    const char *data;
    size_t len;
} sp_text;

static inline sp_text sp_text_of(const char *data, size_t len) {
    sp_text text = {data, len};
    return text;
}

// A zero-ended string as a piece of text.
static inline sp_text sp_str(const char *text) { return sp_text_of(text, strlen(text)); }

static inline bool sp_same(sp_text a, sp_text b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

// Without memory there is no answer to give: the host runs the records of the batch one by one.
static inline void *sp_moved_(void *data, size_t size) {
    void *moved = realloc(data, size ? size : 1);
    if (!moved) abort();
    return moved;
}

// Bytes that grow.
typedef struct sp_bytes_ {
    char *data;
    size_t len, cap;
} sp_bytes_;

// A half more each time; when that is too much, no more than is asked for.
__attribute__((noinline, unused)) static void sp_grow_(sp_bytes_ *bytes, size_t more) {
    size_t need = bytes->len + more, cap = bytes->cap + bytes->cap / 2 + 256;
    if (need < more) abort();
    char *data = cap > need ? (char *)realloc(bytes->data, cap) : NULL;
    if (!data) data = (char *)sp_moved_(bytes->data, cap = need);
    bytes->data = data;
    bytes->cap = cap;
}

// Where the next `more` bytes go.
static inline char *sp_room_(sp_bytes_ *bytes, size_t more) {
    if (more > bytes->cap - bytes->len) sp_grow_(bytes, more);
    return bytes->data + bytes->len;
}

// Copies few bytes in blocks of a fixed size: a copy whose length the compiler does not know leaves the plugin in
// wasm, and costs more than most fields are long. Where a block overlaps the one before, it writes the same bytes.
static inline void sp_copy_(char *to, const char *from, size_t len) {
    if (len > 256) {
        memcpy(to, from, len);
    } else if (len >= 16) {
        for (size_t i = 0; i + 16 <= len; i += 16) memcpy(to + i, from + i, 16);
        memcpy(to + len - 16, from + len - 16, 16);
    } else if (len >= 8) {
        memcpy(to, from, 8);
        memcpy(to + len - 8, from + len - 8, 8);
    } else if (len >= 4) {
        memcpy(to, from, 4);
        memcpy(to + len - 4, from + len - 4, 4);
    } else {
        for (size_t i = 0; i < len; i++) to[i] = from[i];
    }
}

static inline void sp_append_(sp_bytes_ *bytes, const char *data, size_t len) {
    sp_copy_(sp_room_(bytes, len), data, len);
    bytes->len += len;
}

// Numbers that grow.
typedef struct sp_numbers_ {
    uint32_t *data;
    size_t len, cap;
} sp_numbers_;

__attribute__((noinline, unused)) static void sp_grow_numbers_(sp_numbers_ *numbers, size_t cap) {
    if (cap > SIZE_MAX / sizeof(uint32_t)) abort();
    numbers->data = (uint32_t *)sp_moved_(numbers->data, cap * sizeof(uint32_t));
    numbers->cap = cap;
}

static inline void sp_push_(sp_numbers_ *numbers, uint32_t number) {
    if (numbers->len == numbers->cap) sp_grow_numbers_(numbers, numbers->cap + numbers->cap / 2 + 64);
    numbers->data[numbers->len++] = number;
}

// The length of the UTF-8 character at `at`, 0 when there is none before `end`.
static inline size_t sp_character_(const char *at, const char *end) {
    const unsigned char *byte = (const unsigned char *)at;
    size_t left = (size_t)(end - at);
    if (left == 0) return 0;
    if (byte[0] < 0x80) return 1;
    size_t len = byte[0] < 0xc2 ? 0 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : byte[0] < 0xf5 ? 4 : 0;
    if (len == 0 || left < len) return 0;
    // The second byte is narrower where another form would be longer than needed, a surrogate, or past U+10FFFF.
    unsigned char low = byte[0] == 0xe0 ? 0xa0 : byte[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = byte[0] == 0xed ? 0x9f : byte[0] == 0xf4 ? 0x8f : 0xbf;
    if (byte[1] < low || byte[1] > high) return 0;
    for (size_t i = 2; i < len; i++) {
        if ((byte[i] & 0xc0) != 0x80) return 0;
    }
    return len;
}

// A copy that is UTF-8 whatever `text` is: the contract's strings have to be. Other bytes become U+FFFD.
static inline sp_text sp_clean_copy_(sp_text text) {
    sp_bytes_ copy = {NULL, 0, 0};
    sp_room_(&copy, text.len + 1);
    for (const char *at = text.data, *end = at + text.len; at < end;) {
        size_t len = sp_character_(at, end);
        if (len) {
            sp_append_(&copy, at, len);
        } else {
            sp_append_(&copy, "\xef\xbf\xbd", 3);
        }
        at += len ? len : 1;
    }
    return sp_text_of(copy.data, copy.len);
}

#endif
