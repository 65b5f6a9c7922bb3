// Adds `"seen":true` to every JSON object: the workload by which languages are compared.

#include "standpipe.hpp"
#include "standpipe_json.hpp"

struct Seen {
    standpipe::Verdict transform(const standpipe::Record &record, standpipe::Out &out) {
        if (standpipe::json::with(out, record.payload(), "seen", "true")) return out.end();
        return standpipe::Failure{"not-json", "the record is not a JSON object"};
    }
};

STANDPIPE_PLUGIN(Seen)
