// What the JSON of the SDK takes and writes. `run` beside this file compiles and runs all tests.
#include "standpipe_json.h"
#include "standpipe_test.h"

// Answers whether a record is JSON, and what it looks like when it is printed.
void sp_transform(const sp_record *record, void *state, sp_out *out) {
    (void)state;
    if (!sp_json_valid(record->payload)) {
        sp_fail(out, "not-json", "no");
        return;
    }
    sp_json_print(out, record->payload);
    sp_end(out);
}

// Gives a text to the plugin in memory of exactly its size, so that a checker of memory sees what reads past it.
static sp_test given(const char *text, size_t len) {
    char *exact = malloc(len ? len : 1);
    memcpy(exact, text, len);
    sp_test_input input = {sp_text_of(exact, len), 0, NULL, {NULL, 0}};
    sp_test ran = sp_test_run_inputs("{}", &input, 1);
    free(exact);
    return ran;
}

static void printed(const char *text, const char *want) {
    sp_test ran = given(text, strlen(text));
    sp_test_expect_(sp_test_output(&ran, 0), sp_str(want), text, __FILE__, __LINE__);
    sp_clear_(&ran.out);
}

static void refused(const char *text, size_t len) {
    sp_test ran = given(text, len);
    sp_test_check_(sp_test_outputs(&ran) == 0, text, __FILE__, __LINE__);
    sp_clear_(&ran.out);
}

static void what_is_json_is_printed_compactly(void) {
    printed(" { \"a\" : [ 1 , -2.50e+3 , true , false , null ] , \"b\" : { } , \"c\" : [ ] } ",
            "{\"a\":[1,-2.50e+3,true,false,null],\"b\":{},\"c\":[]}");
    printed("0", "0");
    printed("-0.0E-0", "-0.0E-0");
    printed("\"\"", "\"\"");
    printed("\"two  spaces { \\\" } \"", "\"two  spaces { \\\" } \"");
    printed("\"\\u00fc\\u20ac\\ud83d\\ude00\\/\\u0041\"", "\"ü€😀/A\"");
    printed("\"\\b\\f\\n\\r\\t\\\\\\\"\\u0000\\u001F\\u007f\"", "\"\\b\\f\\n\\r\\t\\\\\\\"\\u0000\\u001f\x7f\"");
    printed("{\"long enough for eight at a time \\u00e9 é and on\":\"x\"}",
            "{\"long enough for eight at a time é é and on\":\"x\"}");
}

static void what_is_none_is_refused(void) {
    static const char *const wrong[] = {
        "", " ", "{", "[", "\"", "{}}", "[]]", "{} {}", "nul", "nulll", "True", "01", "-", "+1", "1.", ".5", "1e",
        "1e+", "0x1", "NaN", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}", "{1:2}", "{'a':1}",
        "[}", "{]", "[{]}", "{\"a\":[}", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\", "\"\\u", "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"tab\there\"", "\"line\nend\"", "\"\x80\"", "\"\xc3\"", "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82", "\xef\xbb\xbf{}", "//", "{}//", "[1]\f",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) refused(wrong[i], strlen(wrong[i]));
    refused("{}\0", 3);
    refused("\"\0\"", 3);
}

static void levels_are_bounded(void) {
    char deep[800];
    for (size_t levels = 60; levels < 140; levels++) {
        for (int objects = 0; objects < 2; objects++) {
            size_t len = 0;
            for (size_t i = 0; i < levels; i++) len += (size_t)sprintf(deep + len, "%s", objects ? "{\"\":" : "[");
            deep[len++] = '0';
            for (size_t i = 0; i < levels; i++) deep[len++] = objects ? '}' : ']';
            sp_test ran = given(deep, len);
            SP_CHECK((sp_test_outputs(&ran) == 1) == (levels <= 127));
            sp_clear_(&ran.out);
            sp_json walk = sp_json_open(sp_text_of(deep, len), *deep);
            sp_json_member member;
            while (sp_json_next(&walk, &member)) {
            }
            SP_CHECK(sp_json_whole(&walk) == (levels <= 127));
        }
    }
}

// Every text that begins or ends elsewhere, or has another byte, is read to its end or refused: a checker of memory
// sees what is not.
static void damaged_texts_do_no_harm(void) {
    static const char whole[] = "{\"a\":[1,-2.5e3,{\"b\\u00e9\\ud83d\\ude00é😀\":null}],\"c\" : true,"
                                "\"dddddddddddd\":\"\\n\"}";
    static const char bytes[] = "{}[]\",:\\u0-e. \x80\xc3\xf0\x01";
    char damaged[sizeof(whole)];
    for (size_t from = 0; from < sizeof(whole) - 1; from++) {
        for (size_t to = from; to < sizeof(whole); to++) {
            sp_test ran = given(whole + from, to - from);
            SP_CHECK(sp_test_outputs(&ran) + ran.out.failed_count == 1);
            sp_clear_(&ran.out);
        }
        for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
            memcpy(damaged, whole, sizeof(whole));
            damaged[from] = bytes[i];
            sp_text text = sp_text_of(damaged, sizeof(whole) - 1), value;
            sp_test ran = given(damaged, text.len);
            SP_CHECK(sp_json_get(text, "c", &value) <= sp_json_valid(text));
            SP_CHECK(sp_json_valid(text) == (sp_test_outputs(&ran) == 1));
            sp_clear_(&ran.out);
        }
    }
}

static void values_are_read(void) {
    sp_text object = sp_str("{\"a\":1,\"\\u0061\":\"x\\u00fc\",\"n\":-9223372036854775808,\"e\":\"\"}"), value;
    char buffer[16];
    int64_t number = 0;
    SP_CHECK(sp_json_get(object, "a", &value) && sp_json_is(value, "xü") && !sp_json_is(value, "x"));
    SP_EXPECT(sp_text_of(buffer, sp_json_unescape(value, buffer)), "xü");
    SP_CHECK(!sp_json_integer(value, &number));
    SP_CHECK(sp_json_get(object, "n", &value) && sp_json_integer(value, &number) && number == INT64_MIN);
    SP_CHECK(sp_json_get(object, "e", &value) && sp_json_is(value, "") && sp_json_unescape(value, buffer) == 0);
    SP_CHECK(!sp_json_get(object, "z", &value) && !sp_json_get(sp_str("[1]"), "a", &value));
    SP_CHECK(!sp_json_integer(sp_str("9223372036854775808"), &number) && !sp_json_integer(sp_str("-"), &number));
    SP_CHECK(sp_json_integer(sp_str("9223372036854775807"), &number) && number == INT64_MAX);
    SP_CHECK(!sp_json_is(sp_str("\\\"a\\\""), "a") && sp_json_is(sp_str("\"\\\\\""), "\\"));
    SP_CHECK(!sp_json_is(sp_str("1"), "1") && !sp_json_is(sp_str(""), "") && !sp_json_is(sp_str("\""), ""));
}

int main(void) {
    what_is_json_is_printed_compactly();
    what_is_none_is_refused();
    levels_are_bounded();
    damaged_texts_do_no_harm();
    values_are_read();
    return sp_test_end();
}
