// Finds out what is JSON: a strict scanner without recursion. Authors need nothing of it.
//
// Functions return the place after what they read, NULL when it is no JSON. They set `odd` when a text has white
// space between its tokens or an escape in a string, which is when it may be written in another way.
#ifndef STANDPIPE_JSON_SCAN_H
#define STANDPIPE_JSON_SCAN_H

#include "standpipe_buffer.h"

#define SP_JSON_LEVELS_ 127

static inline const char *sp_json_space_(const char *at, const char *end, bool *odd) {
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        *odd = true;
        at++;
    }
    return at;
}

static inline int sp_json_hex_(const char *at) {
    int sum = 0;
    for (int i = 0; i < 4; i++) {
        int digit = at[i] >= '0' && at[i] <= '9'   ? at[i] - '0'
                    : at[i] >= 'a' && at[i] <= 'f' ? at[i] - 'a' + 10
                    : at[i] >= 'A' && at[i] <= 'F' ? at[i] - 'A' + 10
                                                   : -1;
        if (digit < 0) return -1;
        sum = sum * 16 + digit;
    }
    return sum;
}

// Reads the escape at `at` and writes the character that it stands for, at most four bytes.
static inline const char *sp_json_escape_(const char *at, const char *end, char **to) {
    if (end - at < 2) return NULL;
    char byte = at[1];
    at += 2;
    switch (byte) {
    case 'b': byte = '\b'; break;
    case 'f': byte = '\f'; break;
    case 'n': byte = '\n'; break;
    case 'r': byte = '\r'; break;
    case 't': byte = '\t'; break;
    case '"':
    case '\\':
    case '/': break;
    case 'u': {
        int code = end - at < 4 ? -1 : sp_json_hex_(at);
        if (code < 0 || (code >= 0xdc00 && code < 0xe000)) return NULL;
        at += 4;
        if (code >= 0xd800 && code < 0xdc00) {
            int low = end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? sp_json_hex_(at + 2) : -1;
            if (low < 0xdc00 || low >= 0xe000) return NULL;
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            at += 6;
        }
        int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        int lead = more == 0 ? 0 : more == 1 ? 0xc0 : more == 2 ? 0xe0 : 0xf0;
        *(*to)++ = (char)(lead | (code >> (6 * more)));
        while (more--) *(*to)++ = (char)(0x80 | ((code >> (6 * more)) & 0x3f));
        return at;
    }
    default: return NULL;
    }
    *(*to)++ = byte;
    return at;
}

// The first byte that cannot stand in a string as it is, or begins a character of several bytes.
static inline const char *sp_json_special_(const char *at, const char *end) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    // Eight at a time: the lowest mark is exact, for a borrow only passes a byte that is marked itself.
    const uint64_t ones = UINT64_MAX / 0xff, high = ones << 7;
    for (; end - at >= 8; at += 8) {
        uint64_t word, quote, slash;
        memcpy(&word, at, 8);
        quote = word ^ (ones * '"');
        slash = word ^ (ones * '\\');
        uint64_t marks = (((word - ones * 0x20) | (quote - ones) | (slash - ones)) | word) & high;
        // Bytes of 0xa0 and more pass the first test, too; they are marked in any case.
        if (marks) return at + __builtin_ctzll(marks) / 8;
    }
#endif
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\') at++;
    return at;
}

// Reads the string whose opening quote is at `at`.
static inline const char *sp_json_key_(const char *at, const char *end, bool *odd) {
    if (at == end || *at != '"') return NULL;
    at++;
    for (;;) {
        at = sp_json_special_(at, end);
        if (at == end) return NULL;
        if (*at == '"') return at + 1;
        if (*at == '\\') {
            char scratch[4], *to = scratch;
            *odd = true;
            at = sp_json_escape_(at, end, &to);
            if (!at) return NULL;
        } else {
            size_t len = sp_character_(at, end);
            if (len < 2) return NULL; // a control character, or no UTF-8
            at += len;
        }
    }
}

static inline const char *sp_json_digits_(const char *at, const char *end) {
    const char *from = at;
    while (at < end && *at >= '0' && *at <= '9') at++;
    return at > from ? at : NULL;
}

static inline const char *sp_json_number_(const char *at, const char *end) {
    if (*at == '-') at++;
    if (at == end) return NULL;
    at = *at == '0' ? at + 1 : sp_json_digits_(at, end);
    if (at && at < end && *at == '.') at = sp_json_digits_(at + 1, end);
    if (at && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        at = sp_json_digits_(at, end);
    }
    return at;
}

static inline const char *sp_json_word_(const char *at, const char *end, const char *word, size_t len) {
    return (size_t)(end - at) >= len && memcmp(at, word, len) == 0 ? at + len : NULL;
}

// Reads the value at `at`, whatever it holds, with at most so many levels.
static const char *sp_json_value_(const char *at, const char *end, unsigned levels, bool *odd) {
    uint64_t objects[2] = {0, 0}; // for each open level whether it is an object
    uint64_t bit = 0;             // that of the innermost level, in its word
    uint64_t *word = objects;
    unsigned level = 0;
value:
    if (at == end) return NULL;
    switch (*at) {
    case '"': at = sp_json_key_(at, end, odd); break;
    case 't': at = sp_json_word_(at, end, "true", 4); break;
    case 'f': at = sp_json_word_(at, end, "false", 5); break;
    case 'n': at = sp_json_word_(at, end, "null", 4); break;
    case '{':
    case '[':
        if (level == levels) return NULL;
        word = &objects[level / 64];
        bit = (uint64_t)1 << level % 64;
        *word = *at == '{' ? *word | bit : *word & ~bit;
        level++;
        at = sp_json_space_(at + 1, end, odd);
        if (at == end) return NULL;
        if (*at == (*word & bit ? '}' : ']')) goto close;
        goto item;
    default: at = sp_json_number_(at, end);
    }
    if (!at) return NULL;
after:
    if (level == 0) return at;
    at = sp_json_space_(at, end, odd);
    if (at == end) return NULL;
    if (*at == (*word & bit ? '}' : ']')) goto close;
    if (*at != ',') return NULL;
    at = sp_json_space_(at + 1, end, odd);
item:
    if (*word & bit) {
        at = sp_json_key_(at, end, odd);
        if (!at) return NULL;
        at = sp_json_space_(at, end, odd);
        if (at == end || *at != ':') return NULL;
        at = sp_json_space_(at + 1, end, odd);
    }
    goto value;
close:
    at++;
    level--;
    if (level > 0) {
        word = &objects[(level - 1) / 64];
        bit = (uint64_t)1 << (level - 1) % 64;
    }
    goto after;
}

#endif
