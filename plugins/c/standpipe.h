// Standpipe plugins in C. A plugin defines `sp_transform` and, when it has params, `sp_init`; README.md shows how.
//
// Nothing here allocates for each record: outputs go into buffers that a batch shares, and the host gets them and
// the counts once a batch. What one record emitted is taken back if it is dropped or fails in the end.
#ifndef STANDPIPE_H
#define STANDPIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "standpipe_out.h"

#ifdef __cplusplus
extern "C" {
#endif

// ---- What the author defines

typedef struct sp_record sp_record;
typedef struct sp_out sp_out; // opaque

// Transforms one record: it emits, drops or fails it. `state` is what `sp_init` returned.
void sp_transform(const sp_record *record, void *state, sp_out *out);

// Optional. Called once, before any record. `params` is the JSON of the config's params, `context` a JSON object
// with `stream`, `arn`, `region` and `host`; both stay where they are. `sp_fail` refuses the params.
#ifndef SP_NO_INIT
__attribute__((weak)) void *sp_init(sp_text params, sp_text context, sp_out *out);
#endif

// ---- What a record is

struct sp_record {
    sp_text payload;     // its bytes; lines come without their line ending
    uint64_t arrival_ms; // when it arrived, in milliseconds since 1970
    uint32_t number;     // its number in the batch
    const sp_values_ *columns;
    size_t column_count;
};

// The record's value in a column that plugin.json asks for. False when it has none.
static inline bool sp_column(const sp_record *record, const char *name, sp_text *value) {
    for (size_t i = 0; i < record->column_count; i++) {
        const sp_values_ *column = &record->columns[i];
        if (sp_same(sp_text_of(column->name, column->name_len), sp_str(name))) {
            return sp_value_(column, record->number, value);
        }
    }
    return false;
}

// ---- What becomes of it

// Adds bytes to the output that is being written.
static inline void sp_write(sp_out *out, const char *data, size_t len) { sp_append_(&out->payload, data, len); }

// Adds a zero-ended string to the output that is being written.
static inline void sp_puts(sp_out *out, const char *text) { sp_append_(&out->payload, text, strlen(text)); }

// Adds one byte to the output that is being written.
static inline void sp_putc(sp_out *out, char byte) {
    *sp_room_(&out->payload, 1) = byte;
    out->payload.len++;
}

// Ends the output that is being written: what was written since the last one is an output now.
static inline void sp_end(sp_out *out) {
    sp_push_(&out->ends, (uint32_t)out->payload.len);
    sp_push_(&out->origins, out->origin);
}

// Adds an output: `sp_write` and `sp_end` in one.
static inline void sp_emit(sp_out *out, const char *data, size_t len) {
    sp_write(out, data, len);
    sp_end(out);
}

// Gives the output that was ended last a value in a column: a partition key, a route. Outputs inherit the columns
// of their record; a plugin that sets one on some outputs only lists it in plugin.json's `columns`.
static inline void sp_set(sp_out *out, const char *name, sp_text value) { sp_set_text_(out, sp_str(name), value); }

// Leaves the record out on purpose.
static inline void sp_drop(sp_out *out) { out->dropping = true; }

// Fails the record, or in `sp_init` the params: a short word for machines, such as `not-json`, and a sentence for
// people. Both are copied. The first failure of a record stands.
static inline void sp_fail(sp_out *out, const char *code, const char *message) {
    sp_fail_text_(out, sp_str(code), sp_str(message));
}

// ---- What the host is told

enum { SP_TRACE, SP_DEBUG, SP_INFO, SP_WARN, SP_ERROR };

// Writes a line to the host's log. What is logged while a record fails is kept with its failure.
static inline void sp_log(int level, const char *message) { sp_log_text_(level, sp_str(message)); }

// Adds to one of the metrics that plugin.json lists. `metric` is a literal: `[a-z][a-z0-9_]*`. Cheap.
static inline void sp_count(const char *metric, uint64_t value) {
    for (size_t i = 0; i < SP_METRICS_; i++) {
        sp_metric_ *place = &sp_metrics_[i];
        if (place->name == NULL) place->name = metric;
        if (place->name == metric || strcmp(place->name, metric) == 0) {
            place->sum = place->sum > UINT64_MAX - value ? UINT64_MAX : place->sum + value;
            return;
        }
    }
}

#ifdef __cplusplus
}
#endif

#include "standpipe_run.h"
#ifdef __wasm__
#include "standpipe_abi.h"
#endif

#endif
