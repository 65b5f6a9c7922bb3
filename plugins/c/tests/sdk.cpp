// What C++ has of its own; what it shares with C is tested there.
#include "standpipe_json.hpp"
#include "standpipe_test.h"

namespace json = standpipe::json;

class Words {
  public:
    standpipe::Verdict transform(const standpipe::Record &record, standpipe::Out &out) {
        std::string_view payload = record.payload();
        if (payload == "failure") return standpipe::Failure{"code", std::string("a message of ") + std::to_string(2)};
        if (payload == "drop") return standpipe::drop();
        if (payload == "none") return out.verdict();
        if (payload == "column") return out.emit(record.column("key").value_or("absent"), {{"a", "1"}, {"b", "2"}});
        if (payload == "time") return out.emit(std::to_string(record.arrival_ms()));
        json::quote(out, payload);
        out.write(" and ").write(json::string("\"\\u00fc\"").value_or("")).end();
        out.emit("another");
        standpipe::log(standpipe::Level::warn, "two outputs");
        standpipe::count("outputs", 2);
        return out.verdict();
    }
};

STANDPIPE_PLUGIN(Words)

int main() {
    sp_test_input inputs[] = {
        {sp_str("failure"), 0, nullptr, {}}, {sp_str("drop"), 0, nullptr, {}}, {sp_str("none"), 0, nullptr, {}},
        {sp_str("column"), 0, "key", sp_str("k")}, {sp_str("column"), 0, nullptr, {}}, {sp_str("time"), 7, nullptr, {}},
        {sp_str("\"x\""), 0, nullptr, {}},
    };
    sp_test ran = sp_test_run_inputs("{}", inputs, 7);
    SP_EXPECT(sp_test_message(&ran, 0), "a message of 2");
    SP_CHECK(sp_test_dropped(&ran, 1) && sp_test_dropped(&ran, 2));
    SP_EXPECT(sp_test_output(&ran, 0), "k");
    SP_EXPECT(sp_test_output(&ran, 1), "absent");
    SP_EXPECT(sp_test_column(&ran, 1, "b"), "2");
    SP_EXPECT(sp_test_output(&ran, 2), "7");
    SP_EXPECT(sp_test_output(&ran, 3), R"("\"x\"" and ü)");
    SP_EXPECT(sp_test_output(&ran, 4), "another");
    SP_EXPECT(sp_test_logged(), "warn: two outputs\n");
    SP_CHECK(sp_test_counted("outputs") == 2);
    SP_CHECK(json::integer("12") == 12 && !json::integer("1.5") && !json::string("12") && json::valid("[]"));
    SP_CHECK(json::get(R"({"a":{"b":1}})", "a") == R"({"b":1})" && !json::get("[]", "a"));
    return sp_test_end();
}
