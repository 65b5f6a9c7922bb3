// cc -I .. test.c -o build/test && build/test
#include "plugin.c"
#include "standpipe_test.h"

static const char *params = "{\"zones\":[\"eu\",\"us\"]}";

static void every_kind_has_its_outcome(void) {
    const char *records[] = {
        "{\"kind\":\"click\",\"n\":1}",
        "{\"kind\":\"debug\"}",
        "{\"kind\":\"global\",\"zone\":\"old\"}",
        "{\"kind\":\"corrupt\"}",
        "not json",
    };
    sp_test ran = sp_test_run(params, records, 5);
    SP_CHECK(sp_test_outputs(&ran) == 3);
    SP_EXPECT(sp_test_output(&ran, 0), "{\"kind\":\"click\",\"n\":1,\"zone\":\"eu\"}");
    SP_EXPECT(sp_test_output(&ran, 1), "{\"kind\":\"global\",\"zone\":\"eu\"}");
    SP_EXPECT(sp_test_output(&ran, 2), "{\"kind\":\"global\",\"zone\":\"us\"}");
    SP_EXPECT(sp_test_column(&ran, 2, "zone"), "us");
    SP_CHECK(sp_test_dropped(&ran, 1));
    SP_EXPECT(sp_test_message(&ran, 3), "kind `corrupt` is refused");
    SP_EXPECT(sp_test_code(&ran, 4), "not-json");
    SP_CHECK(sp_test_counted("emitted") == 3 && sp_test_counted("dropped") == 1);
    SP_EXPECT(sp_test_logged(), "debug: global record\n");
}

static void objects_are_written_compactly(void) {
    const char *records[] = {" { \"a\" : [ 1, 2 ] , \"b\" : \"\\u00fc \\/\" } "};
    sp_test ran = sp_test_run(params, records, 1);
    SP_EXPECT(sp_test_output(&ran, 0), "{\"a\":[1,2],\"b\":\"ü /\",\"zone\":\"eu\"}");
}

static void wrong_params_are_refused(void) {
    const char *wrong[] = {"{}", "{\"zones\":[]}", "{\"zones\":[1]}", "{\"zones\":\"eu\"}"};
    for (size_t i = 0; i < 4; i++) {
        sp_test ran = sp_test_run(wrong[i], NULL, 0);
        SP_CHECK(ran.refused);
        SP_EXPECT(sp_test_code(&ran, 0), "bad-params");
    }
}

int main(void) {
    every_kind_has_its_outcome();
    objects_are_written_compactly();
    wrong_params_are_refused();
    return sp_test_end();
}
