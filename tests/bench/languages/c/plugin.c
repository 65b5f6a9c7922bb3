// Adds `"seen":true` to every JSON object: the workload by which languages are compared.

#include "standpipe.h"
#include "standpipe_json.h"

void sp_transform(const sp_record *record, void *state, sp_out *out) {
    (void)state;
    if (sp_json_with(out, record->payload, "seen", sp_str("true"))) {
        sp_end(out);
    } else {
        sp_fail(out, "not-json", "the record is not a JSON object");
    }
}
