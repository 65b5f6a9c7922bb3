// Sends every record to zones: the example of the C++ SDK.

#include <vector>

#include "standpipe.hpp"
#include "standpipe_json.hpp"

namespace json = standpipe::json;
using standpipe::Failure, standpipe::Level, standpipe::Out, standpipe::Record, standpipe::Verdict;

class Zones {
  public:
    std::optional<Failure> init(std::string_view params, std::string_view) {
        json::Walk zones(json::get(params, "zones").value_or(""), '[');
        while (auto item = zones.next()) {
            auto name = json::string(item->value);
            if (!name) break;
            zones_.push_back({std::string(item->value), *name});
        }
        if (!zones.whole() || zones_.empty()) return Failure{"bad-params", "`zones` has to be a list of strings"};
        return std::nullopt;
    }

    Verdict transform(const Record &record, Out &out) {
        std::string_view kind;
        json::Walk members(record.payload(), '{');
        while (auto member = members.next()) {
            if (json::is(member->key, "kind")) kind = member->value;
        }
        if (!members.whole()) return Failure{"not-json", "the record is not a JSON object"};
        if (json::is(kind, "debug")) {
            standpipe::count("dropped");
            return standpipe::drop();
        }
        if (json::is(kind, "corrupt")) return Failure{"corrupt", "kind `corrupt` is refused"};
        if (!json::is(kind, "global")) return send(record, zones_.front(), out);
        standpipe::log(Level::debug, "global record");
        for (const Zone &zone : zones_) send(record, zone, out);
        return out.verdict();
    }

  private:
    // A zone as the params have it, `"eu"`, and its name.
    struct Zone {
        std::string json, name;
    };
    std::vector<Zone> zones_;

    static Verdict send(const Record &record, const Zone &zone, Out &out) {
        standpipe::count("emitted");
        json::with(out, record.payload(), "zone", zone.json);
        return out.end({{"zone", zone.name}});
    }
};

STANDPIPE_PLUGIN(Zones)
