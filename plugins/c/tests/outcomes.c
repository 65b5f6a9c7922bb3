// What becomes of records and their columns. A record is a word that says what to do with it.
#include "standpipe_json.h"
#include "standpipe_test.h"

static void emit(sp_out *out, const char *text) { sp_emit(out, text, strlen(text)); }

static bool says(const sp_record *record, const char *word) { return sp_same(record->payload, sp_str(word)); }

void sp_transform(const sp_record *record, void *state, sp_out *out) {
    sp_text key;
    (void)state;
    if (says(record, "twice")) {
        emit(out, "one");
        sp_set(out, "route", sp_str("a"));
        emit(out, "two");
        sp_set(out, "route", sp_str("b"));
        sp_set(out, "route", sp_str("c"));
    } else if (says(record, "emit and drop")) {
        emit(out, "gone");
        sp_set(out, "route", sp_str("gone"));
        sp_drop(out);
    } else if (says(record, "emit and fail")) {
        emit(out, "gone");
        sp_set(out, "lost", sp_str("x"));
        sp_fail(out, "first", "one \xff message\nand its stack");
        sp_fail(out, "second", "another");
        sp_drop(out);
    } else if (says(record, "begin")) {
        sp_puts(out, "never ended");
    } else if (says(record, "set")) {
        sp_set(out, "route", sp_str("x"));
    } else if (says(record, "empty")) {
        sp_end(out);
    } else if (says(record, "key")) {
        if (sp_column(record, "key", &key)) sp_write(out, key.data, key.len);
        sp_end(out);
    } else if (!says(record, "nothing")) {
        sp_write(out, record->payload.data, record->payload.len);
        sp_putc(out, '!');
        sp_end(out);
    }
    sp_count("records", 1);
}

static void records_are_whole(void) {
    const char *records[] = {"twice", "emit and drop", "emit and fail", "plain", "begin",
                             "set",   "empty",         "nothing",       ""};
    sp_test ran = sp_test_run("{}", records, 9);
    SP_CHECK(sp_test_outputs(&ran) == 5);
    SP_EXPECT(sp_test_output(&ran, 0), "one");
    SP_EXPECT(sp_test_output(&ran, 2), "plain!");
    SP_EXPECT(sp_test_output(&ran, 3), "");
    SP_EXPECT(sp_test_output(&ran, 4), "!");
    SP_EXPECT(sp_test_column(&ran, 0, "route"), "a");
    SP_EXPECT(sp_test_column(&ran, 1, "route"), "c");
    SP_EXPECT(sp_test_column(&ran, 2, "route"), "(none)");
    SP_CHECK(ran.out.column_count == 1); // what was withdrawn leaves no column behind
    SP_CHECK(ran.out.dropped.len == 1 && sp_test_dropped(&ran, 1));
    SP_CHECK(ran.out.failed_count == 3);
    SP_EXPECT(sp_test_code(&ran, 2), "first");
    SP_EXPECT(sp_test_message(&ran, 2), "one \xef\xbf\xbd message\nand its stack");
    SP_EXPECT(sp_test_code(&ran, 4), "open-output");
    SP_EXPECT(sp_test_code(&ran, 5), "no-output");
    SP_CHECK(ran.out.origins.data[0] == 0 && ran.out.origins.data[1] == 0 && ran.out.origins.data[2] == 3);
    SP_CHECK(sp_test_counted("records") == 9);
}

static void columns_are_inherited(void) {
    sp_test_input inputs[] = {
        {sp_str("key"), 0, "key", sp_str("k1")},
        {sp_str("twice"), 0, "route", sp_str("old")},
        {sp_str("plain"), 0, "route", sp_str("mine")},
        {sp_str("key"), 0, NULL, {NULL, 0}},
    };
    sp_test ran = sp_test_run_inputs("{}", inputs, 4);
    SP_EXPECT(sp_test_output(&ran, 0), "k1");
    SP_EXPECT(sp_test_output(&ran, 4), "");
    SP_EXPECT(sp_test_column(&ran, 0, "key"), "k1");
    SP_EXPECT(sp_test_column(&ran, 0, "route"), "(none)");
    SP_EXPECT(sp_test_column(&ran, 1, "route"), "a");
    SP_EXPECT(sp_test_column(&ran, 2, "route"), "c");
    SP_EXPECT(sp_test_column(&ran, 3, "route"), "mine");
    SP_EXPECT(sp_test_column(&ran, 4, "key"), "(none)");
}

// Values of a run are stored once.
static void neighbours_share_a_value(void) {
    const char *records[] = {"plain", "twice", "twice"};
    sp_test ran = sp_test_run("{}", records, 3);
    sp_values_ route = sp_view_(&ran.out.columns[0]);
    SP_CHECK(route.rows == 5 && route.index[0] == SP_ABSENT_ && route.end_count == 6);
    sp_column_ *column = &ran.out.columns[0];
    size_t values = column->ends.len;
    sp_column_set_(column, 5, sp_str("c"));
    SP_CHECK(column->ends.len == values && column->index.data[5] == column->index.data[4]);
}

static void buffers_are_used_again(void) {
    const char *records[] = {"twice", "emit and fail", "emit and drop"};
    sp_test ran = sp_test_run("{}", records, 3);
    const char *before = ran.out.payload.data;
    uint32_t ends[] = {5};
    uint64_t arrival_ms[] = {0};
    sp_records_ again = {sp_str("twice"), ends, arrival_ms, 1, NULL, 0};
    for (int i = 0; i < 1000; i++) {
        sp_clear_(&ran.out);
        SP_CHECK(sp_run_(&again, NULL, &ran.out));
    }
    SP_CHECK(ran.out.payload.data == before && sp_test_outputs(&ran) == 2);
    ends[0] = 6; // past the payload
    sp_clear_(&ran.out);
    SP_CHECK(!sp_run_(&again, NULL, &ran.out));
}

int main(void) {
    records_are_whole();
    columns_are_inherited();
    neighbours_share_a_value();
    buffers_are_used_again();
    return sp_test_end();
}
