// Runs a plugin natively over records of a test and keeps what became of them. A test is one file:
//
//     #include "plugin.c"
//     #include "standpipe_test.h"
//
//     int main(void) {
//         const char *records[] = {"a record", "another"};
//         sp_test ran = sp_test_run("{}", records, 2);
//         SP_EXPECT(sp_test_output(&ran, 0), "an output");
//         return sp_test_end();
//     }
#ifndef STANDPIPE_TEST_H
#define STANDPIPE_TEST_H

#include <inttypes.h>
#include <stdio.h>

#include "standpipe.h"

// A record to give to a plugin, and its value in one column if `column` is not NULL.
typedef struct sp_test_input {
    sp_text payload;
    uint64_t arrival_ms;
    const char *column;
    sp_text value;
} sp_test_input;

// What became of the records.
typedef struct sp_test {
    bool refused; // by sp_init; the failure of record 0 says why
    sp_out out;
    sp_values_ *columns; // of the records
    size_t column_count;
} sp_test;

static sp_bytes_ sp_test_said_;
static int sp_test_checked_, sp_test_wrong_;

#ifdef __cplusplus
extern "C" {
#endif

void sp_host_at_(uint32_t number) { (void)number; }

void sp_host_log_(uint32_t level, const char *message, size_t len) {
    static const char *names[] = {"trace: ", "debug: ", "info: ", "warn: ", "error: "};
    const char *name = names[level < 4 ? level : 4];
    sp_append_(&sp_test_said_, name, strlen(name));
    sp_append_(&sp_test_said_, message, len);
    sp_append_(&sp_test_said_, "\n", 1);
}

#ifdef __cplusplus
}
#endif

// The columns of the records, as the host would pass those that plugin.json asks for.
static inline void sp_test_columns_(sp_test *ran, const sp_test_input *inputs, size_t count) {
    sp_out gathered;
    memset(&gathered, 0, sizeof(gathered));
    for (size_t i = 0; i < count; i++) {
        if (inputs[i].column) sp_column_set_(sp_column_named_(&gathered, sp_str(inputs[i].column)), i, inputs[i].value);
    }
    ran->column_count = gathered.column_count;
    ran->columns = (sp_values_ *)sp_moved_(NULL, gathered.column_count * sizeof(sp_values_));
    for (size_t i = 0; i < gathered.column_count; i++) {
        sp_column_ *column = &gathered.columns[i];
        while (column->index.len < count) sp_push_(&column->index, SP_ABSENT_);
        ran->columns[i] = sp_view_(column);
    }
}

// Makes an instance with these params, JSON, and runs it over the records as one batch.
static inline sp_test sp_test_run_inputs(const char *params, const sp_test_input *inputs, size_t count) {
    sp_test ran;
    void *state = NULL;
    memset(&ran, 0, sizeof(ran));
    memset(sp_metrics_, 0, sizeof(sp_metrics_));
    sp_test_said_.len = 0;
    state = sp_started_(sp_str(params), sp_str("{}"), &ran.out);
    sp_withdraw_(&ran.out);
    ran.out.dropping = false;
    ran.refused = ran.out.failing;
    sp_settle_(&ran.out);
    if (ran.refused) return ran;
    sp_bytes_ payload = {NULL, 0, 0};
    sp_numbers_ ends = {NULL, 0, 0};
    uint64_t *arrival_ms = (uint64_t *)sp_moved_(NULL, count * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) {
        sp_append_(&payload, inputs[i].payload.data, inputs[i].payload.len);
        sp_push_(&ends, (uint32_t)payload.len);
        arrival_ms[i] = inputs[i].arrival_ms;
    }
    sp_test_columns_(&ran, inputs, count);
    sp_records_ records = {sp_text_of(payload.data, payload.len), ends.data, arrival_ms, count, ran.columns,
                           ran.column_count};
    sp_run_(&records, state, &ran.out);
    free(payload.data);
    free(ends.data);
    free(arrival_ms);
    return ran;
}

// The same for zero-ended strings that arrived at 0 and have no columns.
static inline sp_test sp_test_run(const char *params, const char *const *records, size_t count) {
    sp_test_input *inputs = (sp_test_input *)sp_moved_(NULL, count * sizeof(sp_test_input));
    memset(inputs, 0, count * sizeof(sp_test_input));
    for (size_t i = 0; i < count; i++) inputs[i].payload = sp_str(records[i]);
    sp_test ran = sp_test_run_inputs(params, inputs, count);
    free(inputs);
    return ran;
}

// What the accessors answer where there is nothing.
static inline sp_text sp_test_none_(void) { return sp_str("(none)"); }

static inline size_t sp_test_outputs(const sp_test *ran) { return ran->out.ends.len; }

static inline sp_text sp_test_output(const sp_test *ran, size_t number) {
    if (number >= ran->out.ends.len) return sp_test_none_();
    size_t start = number ? ran->out.ends.data[number - 1] : 0;
    return sp_text_of(ran->out.payload.data + start, ran->out.ends.data[number] - start);
}

// The value that an output goes on with: its own, or where the plugin did not set that column its record's.
static inline sp_text sp_test_column(const sp_test *ran, size_t number, const char *name) {
    sp_text value = sp_test_none_();
    if (number >= ran->out.ends.len) return value;
    for (size_t i = 0; i < ran->out.column_count; i++) {
        sp_values_ own = sp_view_(&ran->out.columns[i]);
        if (!sp_same(sp_text_of(own.name, own.name_len), sp_str(name))) continue;
        sp_value_(&own, number, &value);
        return value;
    }
    sp_record record = {value, 0, ran->out.origins.data[number], ran->columns, ran->column_count};
    sp_column(&record, name, &value);
    return value;
}

static inline bool sp_test_dropped(const sp_test *ran, size_t record) {
    for (size_t i = 0; i < ran->out.dropped.len; i++) {
        if (ran->out.dropped.data[i] == record) return true;
    }
    return false;
}

static inline const sp_failure_ *sp_test_failure_(const sp_test *ran, size_t record) {
    for (size_t i = 0; i < ran->out.failed_count; i++) {
        if (ran->out.failed[i].number == record) return &ran->out.failed[i];
    }
    return NULL;
}

static inline sp_text sp_test_code(const sp_test *ran, size_t record) {
    const sp_failure_ *failure = sp_test_failure_(ran, record);
    return failure ? failure->code : sp_test_none_();
}

static inline sp_text sp_test_message(const sp_test *ran, size_t record) {
    const sp_failure_ *failure = sp_test_failure_(ran, record);
    return failure ? failure->message : sp_test_none_();
}

// What was counted and logged in the last run. A line of the log begins with its level: "debug: a line\n".
static inline uint64_t sp_test_counted(const char *metric) {
    for (size_t i = 0; i < SP_METRICS_ && sp_metrics_[i].name; i++) {
        if (strcmp(sp_metrics_[i].name, metric) == 0) return sp_metrics_[i].sum;
    }
    return 0;
}

static inline sp_text sp_test_logged(void) { return sp_text_of(sp_test_said_.data, sp_test_said_.len); }

static inline void sp_test_check_(bool right, const char *what, const char *file, int line) {
    sp_test_checked_++;
    if (right) return;
    sp_test_wrong_++;
    fprintf(stderr, "%s:%d: wrong: %s\n", file, line, what);
}

static inline void sp_test_expect_(sp_text got, sp_text want, const char *what, const char *file, int line) {
    sp_test_check_(sp_same(got, want), what, file, line);
    if (sp_same(got, want)) return;
    fprintf(stderr, "    got:  %.*s\n    want: %.*s\n", (int)got.len, got.data, (int)want.len, want.data);
}

// Notes whether a text is the expected one, and whether a condition holds.
#define SP_EXPECT(got, want) sp_test_expect_((got), sp_str(want), #got, __FILE__, __LINE__)
#define SP_CHECK(condition) sp_test_check_((condition), #condition, __FILE__, __LINE__)

// Says how it went; what `main` returns.
static inline int sp_test_end(void) {
    printf("%d checks, %d wrong\n", sp_test_checked_, sp_test_wrong_);
    return sp_test_wrong_ > 0;
}

#endif
