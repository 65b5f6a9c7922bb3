// JSON for plugins, without a tree: texts are checked and walked where they lie, and nothing is allocated for a
// record. Strict: RFC 8259, UTF-8, no lone surrogates, at most 127 levels.
//
// A value is a piece of the text, `"a"` with its quotes; a key is one, too. Functions that take a value take any
// bytes: on what is no JSON they answer false.
#ifndef STANDPIPE_JSON_H
#define STANDPIPE_JSON_H

#include "standpipe.h"
#include "standpipe_json_scan.h"

// A walk over the members of an object or the elements of an array.
typedef struct sp_json {
    const char *at, *end; // `at` is NULL once something was no JSON
    char close;           // what ends it; 0 once it was met
    bool first, odd;
} sp_json;

typedef struct sp_json_member {
    sp_text key; // empty for an element of an array
    sp_text value;
} sp_json_member;

// Begins a walk over `{…}` or, with open '[', over `[…]`. What is none has no members and is not `sp_json_whole`.
static inline sp_json sp_json_open(sp_text text, char open) {
    sp_json walk = {text.data, text.data + text.len, open == '{' ? '}' : ']', true, false};
    walk.at = sp_json_space_(walk.at, walk.end, &walk.odd);
    walk.at = walk.at < walk.end && *walk.at == open ? walk.at + 1 : NULL;
    return walk;
}

// Steps to the next member. False at the end, and at the first thing that is no JSON.
static inline bool sp_json_next(sp_json *walk, sp_json_member *member) {
    const char *at = walk->at, *end = walk->end;
    if (!at || !walk->close) return false;
    walk->at = NULL;
    at = sp_json_space_(at, end, &walk->odd);
    if (at == end) return false;
    if (*at == walk->close) {
        walk->close = 0;
        at = sp_json_space_(at + 1, end, &walk->odd);
        walk->at = at == end ? at : NULL;
        return false;
    }
    if (!walk->first) {
        if (*at != ',') return false;
        at = sp_json_space_(at + 1, end, &walk->odd);
    }
    walk->first = false;
    member->key = sp_text_of(at, 0);
    if (walk->close == '}') {
        const char *colon = sp_json_key_(at, end, &walk->odd);
        if (!colon) return false;
        member->key.len = (size_t)(colon - at);
        at = sp_json_space_(colon, end, &walk->odd);
        if (at == end || *at != ':') return false;
        at = sp_json_space_(at + 1, end, &walk->odd);
    }
    const char *after = sp_json_value_(at, end, SP_JSON_LEVELS_ - 1, &walk->odd);
    if (!after) return false;
    member->value = sp_text_of(at, (size_t)(after - at));
    walk->at = after;
    return true;
}

// After the walk: whether all of the text was one object or array, and nothing else.
static inline bool sp_json_whole(const sp_json *walk) { return walk->at && !walk->close; }

// Whether the text is one JSON value.
static inline bool sp_json_valid(sp_text text) {
    bool odd = false;
    const char *end = text.data + text.len, *at = sp_json_space_(text.data, end, &odd);
    at = sp_json_value_(at, end, SP_JSON_LEVELS_, &odd);
    return at && sp_json_space_(at, end, &odd) == end;
}

// Writes the characters of a string value to `buffer`, which has room for `value.len` bytes, and returns how many.
static inline size_t sp_json_unescape(sp_text value, char *buffer) {
    const char *at = value.data + 1, *end = value.data + value.len - 1;
    char *to = buffer;
    if (value.len < 2 || *value.data != '"') return 0;
    while (at < end) {
        if (*at == '\\') {
            at = sp_json_escape_(at, end, &to);
            if (!at) break;
        } else {
            *to++ = *at++;
        }
    }
    return (size_t)(to - buffer);
}

// The characters of a string value in memory of their own: for `sp_init`.
static inline sp_text sp_json_copy(sp_text value) {
    char *buffer = (char *)sp_moved_(NULL, value.len);
    return sp_text_of(buffer, sp_json_unescape(value, buffer));
}

// Whether the value is the string `text`, however it is escaped.
static inline bool sp_json_is_text(sp_text value, sp_text text) {
    if (value.len < text.len + 2 || *value.data != '"') return false;
    const char *at = value.data + 1, *end = value.data + value.len - 1, *want = text.data, *stop = want + text.len;
    while (at < end) {
        char scratch[4] = {*at}, *to = scratch + 1;
        if (*at != '\\') {
            at++;
        } else {
            to = scratch;
            at = sp_json_escape_(at, end, &to);
            if (!at) return false;
        }
        size_t len = (size_t)(to - scratch);
        if ((size_t)(stop - want) < len || memcmp(scratch, want, len) != 0) return false;
        want += len;
    }
    return want == stop;
}

static inline bool sp_json_is(sp_text value, const char *text) { return sp_json_is_text(value, sp_str(text)); }

// The member `name` of an object, the last one of that name. False when there is none, or no object.
static inline bool sp_json_get(sp_text object, const char *name, sp_text *value) {
    sp_json walk = sp_json_open(object, '{');
    sp_json_member member;
    bool found = false;
    while (sp_json_next(&walk, &member)) {
        if (!sp_json_is(member.key, name)) continue;
        *value = member.value;
        found = true;
    }
    return found && sp_json_whole(&walk);
}

// A whole number. False when the value is none that fits.
static inline bool sp_json_integer(sp_text value, int64_t *number) {
    bool minus = value.len && *value.data == '-';
    uint64_t sum = 0, most = (uint64_t)INT64_MAX + minus;
    if (value.len == (size_t)minus || value.len > 20) return false;
    for (size_t i = minus; i < value.len; i++) {
        unsigned digit = (unsigned)(value.data[i] - '0');
        if (digit > 9 || sum > (most - digit) / 10) return false;
        sum = sum * 10 + digit;
    }
    *number = minus ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

#include "standpipe_json_write.h"

#endif
