// Standpipe plugins in C++17, over standpipe.h. A plugin is a class with `transform` and, when it has params, `init`;
// README.md shows how. It does without exceptions: compile with -fno-exceptions.
#ifndef STANDPIPE_HPP
#define STANDPIPE_HPP

#include <cstdlib>
#include <initializer_list>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "standpipe.h"

#ifdef __wasm__
// Those of the library print why they end the program, and bring all of stdio for that. That memory was refused the
// host says anyway.
__attribute__((weak)) void *operator new(std::size_t size) { return sp_moved_(nullptr, size); }
__attribute__((weak)) void operator delete(void *data) noexcept { std::free(data); }
__attribute__((weak)) void operator delete(void *data, std::size_t) noexcept { std::free(data); }
#endif

namespace standpipe {

inline sp_text text_(std::string_view view) { return sp_text_of(view.data(), view.size()); }
inline std::string_view view_(sp_text text) { return std::string_view(text.data, text.len); }

// Why a record, or the params, failed: a short word for machines, such as `not-json`, and a sentence for people.
struct Failure {
    std::string code, message;
};

// What became of a record: what `Out::emit` returns, `standpipe::drop()`, or a Failure.
class Verdict {
  public:
    Verdict(Failure failure) : failure_(std::move(failure)) {}

  private:
    enum class Kind { emitted, dropped };
    explicit Verdict(Kind kind) : kind_(kind) {}

    Kind kind_ = Kind::emitted;
    std::optional<Failure> failure_;

    friend class Out;
    friend Verdict drop();
    friend void settle_(Verdict &&verdict, sp_out *out);
};

// Leaves the record out on purpose.
inline Verdict drop() { return Verdict(Verdict::Kind::dropped); }

class Record {
  public:
    explicit Record(const sp_record *record) : record_(record) {}

    // Its bytes. Lines come without their line ending.
    std::string_view payload() const { return view_(record_->payload); }

    // When it arrived, in milliseconds since 1970.
    uint64_t arrival_ms() const { return record_->arrival_ms; }

    // Its value in a column that plugin.json asks for.
    std::optional<std::string_view> column(const char *name) const {
        sp_text value;
        if (!sp_column(record_, name, &value)) return std::nullopt;
        return view_(value);
    }

  private:
    const sp_record *record_;
};

using Columns = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Where the outputs of a record go. If it fails or is dropped, they are taken back.
class Out {
  public:
    explicit Out(sp_out *out) : out_(out) {}

    // Adds an output, and gives it values in columns: `out.emit(line, {{"zone", "eu"}})`.
    Verdict emit(std::string_view payload, Columns columns = {}) {
        write(payload);
        return end(columns);
    }

    // Adds bytes to the output that is being written.
    Out &write(std::string_view bytes) {
        sp_write(out_, bytes.data(), bytes.size());
        return *this;
    }

    // Ends the output that is being written.
    Verdict end(Columns columns = {}) {
        sp_end(out_);
        for (const auto &[name, value] : columns) sp_set_text_(out_, text_(name), text_(value));
        return emitted_();
    }

    // For the end of a loop that emits: `drop()` when the record has no output.
    Verdict verdict() const { return out_->ends.len > out_->outputs_before ? emitted_() : drop(); }

    // For the functions of standpipe.h.
    sp_out *raw() const { return out_; }

  private:
    static Verdict emitted_() { return Verdict(Verdict::Kind::emitted); }

    sp_out *out_;
};

enum class Level { trace, debug, info, warn, error };

// Writes a line to the host's log. What is logged while a record fails is kept with its failure.
inline void log(Level level, std::string_view message) { sp_log_text_(static_cast<int>(level), text_(message)); }

// Adds to one of the metrics that plugin.json lists. `metric` is a literal.
inline void count(const char *metric, uint64_t value = 1) { sp_count(metric, value); }

inline void settle_(Verdict &&verdict, sp_out *out) {
    if (verdict.failure_) {
        sp_fail_text_(out, text_(verdict.failure_->code), text_(verdict.failure_->message));
    } else if (verdict.kind_ == Verdict::Kind::dropped) {
        sp_drop(out);
    }
}

template <class Plugin>
auto init_(Plugin *plugin, std::string_view params, std::string_view context, int)
    -> decltype(plugin->init(params, context)) {
    return plugin->init(params, context);
}

template <class Plugin> std::optional<Failure> init_(Plugin *, std::string_view, std::string_view, long) {
    return std::nullopt;
}

// What `sp_init` does for a class.
template <class Plugin> void *start_(sp_text params, sp_text context, sp_out *out) {
    auto *plugin = new Plugin();
    std::optional<Failure> failure = init_(plugin, view_(params), view_(context), 0);
    if (failure) settle_(std::move(*failure), out);
    return plugin;
}

} // namespace standpipe

// Makes a plugin of a class, once, behind it. The class has
//     std::optional<standpipe::Failure> init(std::string_view params, std::string_view context);     // optional
//     standpipe::Verdict transform(const standpipe::Record &record, standpipe::Out &out);
#define STANDPIPE_PLUGIN(Plugin)                                                                                       \
    extern "C" void *sp_init(sp_text params, sp_text context, sp_out *out) {                                           \
        return standpipe::start_<Plugin>(params, context, out);                                                        \
    }                                                                                                                  \
    extern "C" void sp_transform(const sp_record *record, void *state, sp_out *out) {                                  \
        standpipe::Out outputs(out);                                                                                   \
        standpipe::settle_(static_cast<Plugin *>(state)->transform(standpipe::Record(record), outputs), out);          \
    }

#endif
