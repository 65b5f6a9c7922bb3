// Where the outcomes of a batch are gathered. Authors need nothing of it.
#ifndef STANDPIPE_OUT_H
#define STANDPIPE_OUT_H

#include "standpipe_buffer.h"

// A column as the contract lays it out: values end to end, and for each record or output the number of its value.
typedef struct sp_values_ {
    const char *name;
    size_t name_len;
    const char *values;
    size_t values_len;
    const uint32_t *ends;
    size_t end_count;
    const uint32_t *index;
    size_t rows;
} sp_values_;

#define SP_ABSENT_ UINT32_MAX

// The value of a row; false when it has none.
static inline bool sp_value_(const sp_values_ *column, size_t row, sp_text *value) {
    if (row >= column->rows) return false;
    size_t number = column->index[row]; // SP_ABSENT_ lies past every count of values
    if (number >= column->end_count) return false;
    size_t start = number ? column->ends[number - 1] : 0, end = column->ends[number];
    if (start > end || end > column->values_len) return false;
    *value = sp_text_of(column->values + start, end - start);
    return true;
}

// A column while it is gathered.
typedef struct sp_column_ {
    sp_text name;
    sp_bytes_ values;
    sp_numbers_ ends, index;
} sp_column_;

// A failure as the contract lays it out.
typedef struct sp_failure_ {
    uint32_t number;
    sp_text code, message;
} sp_failure_;

struct sp_out {
    sp_bytes_ payload;
    sp_numbers_ ends, origins, dropped;
    sp_column_ *columns;
    size_t column_count;
    sp_failure_ *failed;
    size_t failed_count, failed_cap;
    // The record that is worked on: its number, what there was before it, and what was said of it.
    uint32_t origin;
    size_t payload_before, outputs_before;
    bool failing, dropping;
    sp_text code, message;
};
typedef struct sp_out sp_out;

// The output that is being written begins where the last one ends.
static inline size_t sp_start_(const sp_out *out) { return out->ends.len ? out->ends.data[out->ends.len - 1] : 0; }

static inline void sp_fail_text_(sp_out *out, sp_text code, sp_text message) {
    if (out->failing) return;
    out->failing = true;
    out->code = sp_clean_copy_(code);
    out->message = sp_clean_copy_(message);
}

static inline sp_values_ sp_view_(const sp_column_ *column) {
    sp_values_ view = {column->name.data,  column->name.len, column->values.data, column->values.len,
                       column->ends.data,  column->ends.len, column->index.data,  column->index.len};
    return view;
}

// Gives a row a value. Rows between the last one and this have none.
static inline void sp_column_set_(sp_column_ *column, size_t row, sp_text value) {
    while (column->index.len <= row) sp_push_(&column->index, SP_ABSENT_);
    // Neighbours often share a value: partition keys come in runs.
    size_t count = column->ends.len, start = count > 1 ? column->ends.data[count - 2] : 0;
    sp_text last = sp_text_of(column->values.data + start, column->values.len - start);
    if (count == 0 || !sp_same(last, value)) {
        sp_append_(&column->values, value.data, value.len);
        sp_push_(&column->ends, (uint32_t)column->values.len);
        count++;
    }
    column->index.data[row] = (uint32_t)(count - 1);
}

static inline sp_column_ *sp_column_named_(sp_out *out, sp_text name) {
    for (size_t i = 0; i < out->column_count; i++) {
        if (sp_same(out->columns[i].name, name)) return &out->columns[i];
    }
    out->columns = (sp_column_ *)sp_moved_(out->columns, (out->column_count + 1) * sizeof(sp_column_));
    sp_column_ *column = &out->columns[out->column_count++];
    memset(column, 0, sizeof(*column));
    column->name = sp_clean_copy_(name);
    return column;
}

static inline void sp_set_text_(sp_out *out, sp_text name, sp_text value) {
    if (out->ends.len == out->outputs_before) {
        sp_fail_text_(out, sp_str("no-output"), sp_str("a column is set before there is an output: end one first"));
        return;
    }
    sp_column_set_(sp_column_named_(out, name), out->ends.len - 1, value);
}

// ---- What the host is told

#ifdef __cplusplus
extern "C" {
#endif

#define SP_METRICS_ 64

typedef struct sp_metric_ {
    const char *name;
    uint64_t sum;
} sp_metric_;

// The record that is worked on, and whether the host was told so.
typedef struct sp_turn_ {
    uint32_t number;
    bool told;
} sp_turn_;

// Weak, so that all files of a plugin share them.
__attribute__((weak)) sp_metric_ sp_metrics_[SP_METRICS_];
__attribute__((weak)) sp_turn_ sp_working_;

#ifdef __wasm__
__attribute__((import_module("standpipe:transform/host@0.1.0"), import_name("log"))) void
sp_host_log_(uint32_t level, const char *message, size_t len);
__attribute__((import_module("standpipe:transform/host@0.1.0"), import_name("at"))) void sp_host_at_(uint32_t number);
__attribute__((import_module("standpipe:transform/host@0.1.0"), import_name("count"))) void
sp_host_count_(const char *metric, size_t len, uint64_t value);
#else
// Natively standpipe_test.h is the host.
void sp_host_log_(uint32_t level, const char *message, size_t len);
void sp_host_at_(uint32_t number);
#endif

#ifdef __cplusplus
}
#endif

static inline void sp_log_text_(int level, sp_text message) {
    sp_text clean = sp_clean_copy_(message);
    if (!sp_working_.told) sp_host_at_(sp_working_.number);
    sp_working_.told = true;
    sp_host_log_((uint32_t)level, clean.data, clean.len);
    free((void *)clean.data);
}

#endif
