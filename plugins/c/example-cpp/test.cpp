// c++ -std=c++17 -fno-exceptions -I .. test.cpp -o build/test && build/test
#include "plugin.cpp"
#include "standpipe_test.h"

static const char *params = "{\"zones\":[\"eu\",\"us\"]}";

static void every_kind_has_its_outcome() {
    const char *records[] = {
        R"({"kind":"click","n":1})",
        R"({"kind":"debug"})",
        R"({"kind":"global","zone":"old"})",
        R"({"kind":"corrupt"})",
        "not json",
    };
    sp_test ran = sp_test_run(params, records, 5);
    SP_CHECK(sp_test_outputs(&ran) == 3);
    SP_EXPECT(sp_test_output(&ran, 0), R"({"kind":"click","n":1,"zone":"eu"})");
    SP_EXPECT(sp_test_output(&ran, 1), R"({"kind":"global","zone":"eu"})");
    SP_EXPECT(sp_test_output(&ran, 2), R"({"kind":"global","zone":"us"})");
    SP_EXPECT(sp_test_column(&ran, 2, "zone"), "us");
    SP_CHECK(sp_test_dropped(&ran, 1));
    SP_EXPECT(sp_test_message(&ran, 3), "kind `corrupt` is refused");
    SP_EXPECT(sp_test_code(&ran, 4), "not-json");
    SP_CHECK(sp_test_counted("emitted") == 3 && sp_test_counted("dropped") == 1);
    SP_EXPECT(sp_test_logged(), "debug: global record\n");
}

static void wrong_params_are_refused() {
    for (const char *wrong : {"{}", R"({"zones":[]})", R"({"zones":[1]})", R"({"zones":"eu"})"}) {
        sp_test ran = sp_test_run(wrong, nullptr, 0);
        SP_CHECK(ran.refused);
        SP_EXPECT(sp_test_code(&ran, 0), "bad-params");
    }
}

int main() {
    every_kind_has_its_outcome();
    wrong_params_are_refused();
    return sp_test_end();
}
