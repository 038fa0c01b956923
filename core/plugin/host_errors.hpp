// Converts errors inside the kernel to the form of a table function: a status and a filled mortise_error, never an
// exception.
#pragma once

#include <string>
#include <string_view>

#include "core/base/problem.hpp"
#include "core/plugin/host.hpp"
#include "mortise/abi/base.h"

namespace mortise::plugin {

inline std::string_view view(mortise_str text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
inline std::string copy(mortise_str text) { return std::string(view(text)); }
inline mortise_str str(std::string_view text) { return {text.data(), text.size()}; }

// Fills `error` (may be null; only as far as its struct_size reaches), cuts long texts, and returns `status`.
mortise_status answer(mortise_error* error, mortise_status status, std::string_view code, std::string_view text,
                      int retryAfter = 0) noexcept;
// The exception being handled, as a status. Unexpected ones are logged with the module and `function`. Call it inside a
// catch block only.
mortise_status answerCurrentException(const Host* host, const char* function, mortise_error* error) noexcept;

// Runs the body of one table function that returns a status.
template <typename Work>
mortise_status guarded(const Host* host, const char* function, mortise_error* error, Work&& work) noexcept {
  try {
    return work();
  } catch (...) {
    return answerCurrentException(host, function, error);
  }
}
// The same for functions with another return type; `fallback` after an exception.
template <typename Result, typename Work>
Result guardedOr(const Host* host, const char* function, Result fallback, Work&& work) noexcept {
  try {
    return work();
  } catch (...) {
    answerCurrentException(host, function, nullptr);
    return fallback;
  }
}

// Returns false, with `error` filled and a log line, on an I/O thread, where blocking functions must not run.
bool mayBlock(const Host* host, const char* function, mortise_error* error) noexcept;

// A struct of the module must reach at least to the last field of SDK 1.0.
#define MORTISE_COMPLETE(pointer, type, last_field) ((pointer) != nullptr && MORTISE_HAS(pointer, type, last_field))
mortise_status tooShort(mortise_error* error, const char* type) noexcept;

// Host of a raw pointer, or null: tables answer that with noHost(). Null also for a host of a transaction (db/1 join),
// so that an interface takes part in one only where its table uses joinableHostOf().
inline Host* hostOf(mortise_host* host) noexcept {
  return host == nullptr || Host::face(*host).transaction != nullptr ? nullptr : &Host::of(host);
}
// The same for functions that may take part in a transaction. They then hold a db::JoinScope of transactionOf().
inline Host* joinableHostOf(mortise_host* host) noexcept { return host == nullptr ? nullptr : &Host::of(host); }
// Null for a plain host.
inline const db::JoinedTransaction* transactionOf(const mortise_host* host) noexcept {
  return Host::face(*host).transaction.get();
}
// OK for a plain host, and for one of a transaction that is open on this thread.
mortise_status mayJoin(const mortise_host* host, mortise_error* error) noexcept;
mortise_status noHost(mortise_error* error) noexcept;
// The error of a function without transactions whose host belongs to one.
mortise_status worksAlone(const char* function, mortise_error* error) noexcept;

// A refusal as the module raised it. A status outside 400..599 becomes 500.
Problem problemFrom(const mortise_problem& problem);

}  // namespace mortise::plugin
