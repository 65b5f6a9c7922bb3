// standpipe_json.h for C++: JSON without a tree. Values are pieces of the text: `"a"` with its quotes.
#ifndef STANDPIPE_JSON_HPP
#define STANDPIPE_JSON_HPP

#include "standpipe.hpp"
#include "standpipe_json.h"

namespace standpipe::json {

struct Member {
    std::string_view key; // with its quotes; empty for an element of an array
    std::string_view value;
};

// A walk over an object or array, once:
//     json::Walk members(record.payload(), '{');
//     while (auto member = members.next()) …
//     if (!members.whole()) …   // it was no object
class Walk {
  public:
    Walk(std::string_view text, char open) : walk_(sp_json_open(text_(text), open)) {}

    std::optional<Member> next() {
        sp_json_member member;
        if (!sp_json_next(&walk_, &member)) return std::nullopt;
        return Member{view_(member.key), view_(member.value)};
    }

    // After the walk: whether all of the text was one object or array, and nothing else.
    bool whole() const { return sp_json_whole(&walk_); }

  private:
    sp_json walk_;
};

// Whether the text is one JSON value.
inline bool valid(std::string_view text) { return sp_json_valid(text_(text)); }

// Whether the value is this string, however it is escaped.
inline bool is(std::string_view value, std::string_view text) { return sp_json_is_text(text_(value), text_(text)); }

// The characters of a string; nothing when the value is none.
inline std::optional<std::string> string(std::string_view value) {
    if (value.empty() || value.front() != '"') return std::nullopt;
    std::string characters(value.size(), '\0');
    characters.resize(sp_json_unescape(text_(value), characters.data()));
    return characters;
}

// A whole number; nothing when the value is none that fits.
inline std::optional<int64_t> integer(std::string_view value) {
    int64_t number;
    if (!sp_json_integer(text_(value), &number)) return std::nullopt;
    return number;
}

// The member of an object, the last one of that name.
inline std::optional<std::string_view> get(std::string_view object, const char *name) {
    sp_text value;
    if (!sp_json_get(text_(object), name, &value)) return std::nullopt;
    return view_(value);
}

// Writes a value compactly, and a string with its quotes.
inline void print(Out &out, std::string_view value) { sp_json_print(out.raw(), text_(value)); }
inline void quote(Out &out, std::string_view text) { sp_json_string(out.raw(), text_(text)); }

// Writes `object` with the member `name` set to a value, in its place or at the end. False, and nothing is written,
// when it is no object.
inline bool with(Out &out, std::string_view object, std::string_view name, std::string_view value) {
    return sp_json_with_text(out.raw(), text_(object), text_(name), text_(value));
}

} // namespace standpipe::json

#endif
