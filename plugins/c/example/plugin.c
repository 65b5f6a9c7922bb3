// Sends every record to zones: the example of the C SDK.

#include "standpipe.h"
#include "standpipe_json.h"

// A zone as the params have it, `"eu"`, and its name.
typedef struct {
    sp_text json, name;
} zone;

typedef struct {
    zone *zones;
    size_t count;
} settings;

void *sp_init(sp_text params, sp_text context, sp_out *out) {
    (void)context;
    settings *read = calloc(1, sizeof(settings));
    sp_text zones = sp_str("");
    sp_json_get(params, "zones", &zones);
    sp_json walk = sp_json_open(zones, '[');
    for (sp_json_member item; sp_json_next(&walk, &item);) {
        if (*item.value.data != '"') break;
        read->zones = realloc(read->zones, (read->count + 1) * sizeof(zone));
        read->zones[read->count++] = (zone){item.value, sp_json_copy(item.value)};
    }
    if (!sp_json_whole(&walk) || read->count == 0) sp_fail(out, "bad-params", "`zones` has to be a list of strings");
    return read;
}

void sp_transform(const sp_record *record, void *state, sp_out *out) {
    const settings *params = state;
    sp_text kind = sp_str("");
    sp_json walk = sp_json_open(record->payload, '{');
    for (sp_json_member member; sp_json_next(&walk, &member);) {
        if (sp_json_is(member.key, "kind")) kind = member.value;
    }
    if (!sp_json_whole(&walk)) {
        sp_fail(out, "not-json", "the record is not a JSON object");
        return;
    }
    if (sp_json_is(kind, "debug")) {
        sp_count("dropped", 1);
        sp_drop(out);
        return;
    }
    if (sp_json_is(kind, "corrupt")) {
        sp_fail(out, "corrupt", "kind `corrupt` is refused");
        return;
    }
    bool global = sp_json_is(kind, "global");
    if (global) sp_log(SP_DEBUG, "global record");
    size_t outputs = global ? params->count : 1;
    for (size_t i = 0; i < outputs; i++) {
        sp_json_with(out, record->payload, "zone", params->zones[i].json);
        sp_end(out);
        sp_set(out, "zone", params->zones[i].name);
    }
    sp_count("emitted", outputs);
}
