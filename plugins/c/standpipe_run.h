// Runs the author's function over a batch: the same code in wasm and under test. Authors need nothing of it.
#ifndef STANDPIPE_RUN_H
#define STANDPIPE_RUN_H

#include "standpipe.h"

// The records of a batch as the contract lays them out.
typedef struct sp_records_ {
    sp_text payload;
    const uint32_t *ends;
    const uint64_t *arrival_ms;
    size_t count;
    const sp_values_ *columns;
    size_t column_count;
} sp_records_;

static inline void sp_begin_(sp_out *out, uint32_t number) {
    sp_working_.number = out->origin = number;
    sp_working_.told = false;
    out->payload_before = out->payload.len;
    out->outputs_before = out->ends.len;
    out->failing = out->dropping = false;
}

// Calls the author's `sp_init`, if there is one, as if it were a record: it may fail, and what it emits is nothing.
static inline void *sp_started_(sp_text params, sp_text context, sp_out *out) {
    sp_begin_(out, 0);
    sp_working_.told = true; // no record
#ifndef SP_NO_INIT
    if (sp_init) return sp_init(params, context, out);
#endif
    (void)params, (void)context;
    return NULL;
}

// Takes back what the record emitted. Values of columns stay behind unused; a later output may find its own there.
static inline void sp_withdraw_(sp_out *out) {
    out->payload.len = out->payload_before;
    out->ends.len = out->origins.len = out->outputs_before;
    for (size_t i = 0; i < out->column_count; i++) {
        sp_numbers_ *index = &out->columns[i].index;
        if (index->len > out->outputs_before) index->len = out->outputs_before;
    }
}

// Writes down what became of the record.
static inline void sp_settle_(sp_out *out) {
    if (!out->failing && out->payload.len != sp_start_(out)) {
        sp_fail_text_(out, sp_str("open-output"), sp_str("an output was begun and not ended: call `sp_end` after it"));
    }
    if (out->failing) {
        sp_withdraw_(out);
        if (out->failed_count == out->failed_cap) {
            out->failed_cap += out->failed_cap / 2 + 16;
            out->failed = (sp_failure_ *)sp_moved_(out->failed, out->failed_cap * sizeof(sp_failure_));
        }
        sp_failure_ failure = {out->origin, out->code, out->message};
        out->failed[out->failed_count++] = failure;
    } else if (out->dropping) {
        sp_withdraw_(out);
        sp_push_(&out->dropped, out->origin);
    }
}

// Brings a column to the length of the outputs. Where an output has no value of its own, one that its record has
// in an input column of that name stands: what it inherits must not depend on its neighbours in the batch.
static inline void sp_finish_column_(sp_out *out, sp_column_ *column, const sp_records_ *records) {
    while (column->index.len < out->ends.len) sp_push_(&column->index, SP_ABSENT_);
    for (size_t i = 0; i < records->column_count; i++) {
        const sp_values_ *input = &records->columns[i];
        if (!sp_same(sp_text_of(input->name, input->name_len), column->name)) continue;
        for (size_t row = 0; row < out->ends.len; row++) {
            sp_text inherited;
            if (column->index.data[row] == SP_ABSENT_ && sp_value_(input, out->origins.data[row], &inherited)) {
                sp_column_set_(column, row, inherited);
            }
        }
    }
}

static inline void sp_free_column_(sp_column_ *column) {
    free((void *)column->name.data);
    free(column->values.data);
    free(column->ends.data);
    free(column->index.data);
}

// A column whose every value was withdrawn would hide what the outputs inherit: it goes.
static inline void sp_finish_columns_(sp_out *out, const sp_records_ *records) {
    size_t kept = 0;
    for (size_t i = 0; i < out->column_count; i++) {
        sp_column_ column = out->columns[i];
        bool used = false;
        for (size_t row = 0; row < column.index.len && !used; row++) used = column.index.data[row] != SP_ABSENT_;
        if (used) {
            sp_finish_column_(out, &column, records);
            out->columns[kept++] = column;
        } else {
            sp_free_column_(&column);
        }
    }
    out->column_count = kept;
}

// Runs the batch. False when the host passed what does not fit together.
static inline bool sp_run_(const sp_records_ *records, void *state, sp_out *out) {
    size_t start = 0;
    sp_room_(&out->payload, records->payload.len + records->payload.len / 4 + 64);
    for (size_t i = 0; i < records->count; i++) {
        size_t end = records->ends[i];
        if (end < start || end > records->payload.len) return false;
        sp_record record = {
            sp_text_of(records->payload.data + start, end - start),
            records->arrival_ms[i],
            (uint32_t)i,
            records->columns,
            records->column_count,
        };
        start = end;
        sp_begin_(out, (uint32_t)i);
        sp_transform(&record, state, out);
        sp_settle_(out);
    }
    sp_finish_columns_(out, records);
    return true;
}

// Makes room for the next batch. A buffer of an ordinary size is kept.
static inline void sp_clear_(sp_out *out) {
    for (size_t i = 0; i < out->column_count; i++) sp_free_column_(&out->columns[i]);
    for (size_t i = 0; i < out->failed_count; i++) {
        free((void *)out->failed[i].code.data);
        free((void *)out->failed[i].message.data);
    }
    free(out->columns);
    out->columns = NULL;
    out->column_count = out->failed_count = 0;
    out->payload.len = out->ends.len = out->origins.len = out->dropped.len = 0;
    if (out->payload.cap > 4 << 20) {
        free(out->payload.data);
        out->payload.data = NULL;
        out->payload.cap = 0;
    }
}

#endif
