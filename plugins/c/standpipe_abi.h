// The exports of world `batch-plugin`, by the component model's canonical ABI: lists and strings are pointer and
// length, results stand in memory. That is all a bindings generator would write, so none is needed.
//
// Every file of a plugin that includes this defines the exports; they are weak, and the linker takes one.
#ifndef STANDPIPE_ABI_H
#define STANDPIPE_ABI_H

#include <assert.h>

#include "standpipe_run.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SP_BATCH_ "standpipe:transform/batch@0.1.0#"
#define SP_EXPORT_(name) __attribute__((weak, export_name(name)))

static_assert(sizeof(void *) == 4 && sizeof(sp_values_) == 32 && sizeof(sp_failure_) == 20, "memory of 32 bits");

// `result<outcomes, error>`, and `result<_, error>` as the beginning of it.
typedef struct sp_answer_ {
    uint32_t is_error;
    union {
        struct {
            sp_text code, message;
        } error;
        struct {
            const char *payload;
            size_t payload_len;
            const uint32_t *ends;
            size_t end_count;
            const uint32_t *origins;
            size_t origin_count;
            const sp_values_ *columns;
            size_t column_count;
            const uint32_t *dropped;
            size_t dropped_count;
            const sp_failure_ *failed;
            size_t failed_count;
        } ok;
    } as;
} sp_answer_;

__attribute__((weak)) sp_out sp_out_;
__attribute__((weak)) sp_answer_ sp_answered_;
__attribute__((weak)) sp_values_ *sp_views_;
__attribute__((weak)) void *sp_state_;

// An empty list has no memory of its own, but its address has to lie within memory and be aligned.
SP_EXPORT_("cabi_realloc") void *sp_cabi_realloc_(void *data, size_t size, size_t align, size_t more) {
    return more ? sp_moved_(size ? data : NULL, more) : (void *)align;
}

static inline void sp_free_(const void *data, size_t len) {
    if (len) free((void *)data);
}

static inline const void *sp_somewhere_(const void *list) { return list ? list : &sp_answered_; }

static inline void sp_send_counts_(void) {
    for (size_t i = 0; i < SP_METRICS_ && sp_metrics_[i].name; i++) {
        sp_metric_ *metric = &sp_metrics_[i];
        if (metric->sum) sp_host_count_(metric->name, strlen(metric->name), metric->sum);
        metric->sum = 0;
    }
}

static inline void *sp_error_(const char *code, const char *message) {
    sp_answered_.is_error = 1;
    sp_answered_.as.error.code = sp_str(code);
    sp_answered_.as.error.message = sp_str(message);
    return &sp_answered_;
}

SP_EXPORT_(SP_BATCH_ "init")
void *sp_export_init_(const char *params, size_t params_len, const char *context, size_t context_len) {
    sp_state_ = sp_started_(sp_text_of(params, params_len), sp_text_of(context, context_len), &sp_out_);
    sp_withdraw_(&sp_out_);
    sp_answered_.is_error = sp_out_.failing;
    sp_answered_.as.error.code = sp_out_.code;
    sp_answered_.as.error.message = sp_out_.message;
    sp_send_counts_();
    return &sp_answered_;
}

SP_EXPORT_(SP_BATCH_ "transform")
void *sp_export_transform_(char *payload, size_t payload_len, uint32_t *ends, size_t count, uint64_t *arrival_ms,
                           size_t arrival_count, sp_values_ *columns, size_t column_count) {
    sp_out *out = &sp_out_;
    sp_records_ records = {sp_text_of(payload, payload_len), ends, arrival_ms, count, columns, column_count};
    if (arrival_count != count || !sp_run_(&records, sp_state_, out)) {
        return sp_error_("bad-batch", "the records of the batch do not fit together");
    }
    sp_send_counts_();
    sp_views_ = (sp_values_ *)sp_moved_(sp_views_, out->column_count * sizeof(sp_values_));
    for (size_t i = 0; i < out->column_count; i++) sp_views_[i] = sp_view_(&out->columns[i]);
    for (size_t i = 0; i < column_count; i++) {
        sp_free_(columns[i].name, columns[i].name_len);
        sp_free_(columns[i].values, columns[i].values_len);
        sp_free_(columns[i].ends, columns[i].end_count);
        sp_free_(columns[i].index, columns[i].rows);
    }
    sp_free_(columns, column_count);
    sp_free_(payload, payload_len);
    sp_free_(ends, count);
    sp_free_(arrival_ms, count);

    sp_answered_.is_error = 0;
    sp_answered_.as.ok.payload = (const char *)sp_somewhere_(out->payload.data);
    sp_answered_.as.ok.payload_len = out->payload.len;
    sp_answered_.as.ok.ends = (const uint32_t *)sp_somewhere_(out->ends.data);
    sp_answered_.as.ok.end_count = out->ends.len;
    sp_answered_.as.ok.origins = (const uint32_t *)sp_somewhere_(out->origins.data);
    sp_answered_.as.ok.origin_count = out->origins.len;
    sp_answered_.as.ok.columns = sp_views_;
    sp_answered_.as.ok.column_count = out->column_count;
    sp_answered_.as.ok.dropped = (const uint32_t *)sp_somewhere_(out->dropped.data);
    sp_answered_.as.ok.dropped_count = out->dropped.len;
    sp_answered_.as.ok.failed = (const sp_failure_ *)sp_somewhere_(out->failed);
    sp_answered_.as.ok.failed_count = out->failed_count;
    return &sp_answered_;
}

// The host has copied the outcomes.
SP_EXPORT_("cabi_post_" SP_BATCH_ "transform") void sp_export_done_(void *answer) {
    (void)answer;
    sp_clear_(&sp_out_);
}

#ifdef __cplusplus
}
#endif

#endif
