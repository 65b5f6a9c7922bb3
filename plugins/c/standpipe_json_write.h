// Writes JSON to the output that is being written. Compact: no space between tokens, characters as UTF-8.
#ifndef STANDPIPE_JSON_WRITE_H
#define STANDPIPE_JSON_WRITE_H

#include "standpipe.h"
#include "standpipe_json_scan.h"

// One that cannot stand in a string as it is.
static inline void sp_json_put_escaped_(sp_out *out, char byte) {
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i < sizeof(names) - 1; i += 2) {
        if (names[i] != byte) continue;
        sp_putc(out, '\\');
        sp_putc(out, names[i + 1]);
        return;
    }
    sp_write(out, byte < 0x10 ? "\\u000" : "\\u001", 5);
    sp_putc(out, "0123456789abcdef"[byte & 15]);
}

// Writes the characters of a string, without its quotes. Bytes that are no UTF-8 become U+FFFD.
static inline void sp_json_characters(sp_out *out, sp_text text) {
    const char *at = text.data, *end = at + text.len;
    while (at < end) {
        const char *clean = at;
        for (at = sp_json_special_(at, end); at < end && (unsigned char)*at >= 0x80; at = sp_json_special_(at, end)) {
            size_t len = sp_character_(at, end);
            if (len == 0) break;
            at += len;
        }
        sp_write(out, clean, (size_t)(at - clean));
        if (at == end) break;
        if ((unsigned char)*at >= 0x80) {
            sp_write(out, "\xef\xbf\xbd", 3);
        } else {
            sp_json_put_escaped_(out, *at);
        }
        at++;
    }
}

// Writes a string with its quotes.
static inline void sp_json_string(sp_out *out, sp_text text) {
    sp_putc(out, '"');
    sp_json_characters(out, text);
    sp_putc(out, '"');
}

// Writes a valid value compactly: without white space, and with no escape that is not needed. Numbers stay as they
// are.
static inline void sp_json_print(sp_out *out, sp_text value) {
    const char *at = value.data, *end = at + value.len;
    bool inside = false;
    while (at < end) {
        const char *clean = at;
        if (!inside) {
            while (at < end && (unsigned char)*at > ' ' && *at != '"') at++;
        } else {
            while (at < end && *at != '"' && *at != '\\') at++;
        }
        sp_write(out, clean, (size_t)(at - clean));
        if (at == end) break;
        if (*at == '"') {
            inside = !inside;
            sp_putc(out, '"');
            at++;
        } else if (*at == '\\') {
            char scratch[4], *to = scratch;
            at = sp_json_escape_(at, end, &to);
            if (!at) break;
            sp_json_characters(out, sp_text_of(scratch, (size_t)(to - scratch)));
        } else {
            at++;
        }
    }
}

// Writes `object` with the member `name` set to `value`, a JSON value: in its place, or at the end when it was not
// there. Checks as it goes: false, and nothing is written, when `object` is no JSON object.
static inline bool sp_json_with_text(sp_out *out, sp_text object, sp_text name, sp_text value) {
    sp_json walk = sp_json_open(object, '{');
    sp_json_member member;
    bool empty = true, there = false;
    while (sp_json_next(&walk, &member)) {
        empty = false;
        there = there || sp_json_is_text(member.key, name);
    }
    if (!sp_json_whole(&walk)) return false;
    if (!there && !walk.odd) {
        sp_write(out, object.data, object.len - 1);
    } else {
        bool first = true, set = false;
        sp_putc(out, '{');
        for (walk = sp_json_open(object, '{'); sp_json_next(&walk, &member); first = false) {
            bool named = sp_json_is_text(member.key, name);
            if (named && set) continue; // twice in the object, once in the output
            set = set || named;
            if (!first) sp_putc(out, ',');
            sp_json_print(out, member.key);
            sp_putc(out, ':');
            sp_json_print(out, named ? value : member.value);
        }
    }
    if (!there) {
        if (!empty) sp_putc(out, ',');
        sp_json_string(out, name);
        sp_putc(out, ':');
        sp_json_print(out, value);
    }
    sp_putc(out, '}');
    return true;
}

static inline bool sp_json_with(sp_out *out, sp_text object, const char *name, sp_text value) {
    return sp_json_with_text(out, object, sp_str(name), value);
}

#endif
