// What becomes of an exception that a function throws which the kernel has called. Nothing here is for module authors.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "mortise/abi/call.h"
#include "mortise/abi/log.h"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1::detail {

// What is in flight, in words. Only inside a catch block.
inline std::string currentException() {
  try {
    throw;
  } catch (const Problem& problem) {
    return problem.note().empty() ? problem.code() : problem.code() + ": " + problem.note();
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "threw something that is not a std::exception";
  }
}

// Nothing may be thrown through the boundary, and there is no caller who could treat it: the operator reads of it.
// `name` of the function, "stream closed", and what it was called about, if anything. Only inside a catch block.
inline void reportCallbackFailure(mortise_host* host, std::string_view name, std::string_view about = {}) noexcept {
  try {
    std::string callback(name);
    if (!about.empty()) callback.append(" ").append(about);
    const auto reason = currentException();
    const auto* call = static_cast<const mortise_call_v1*>(host->lookup(host, str(MORTISE_CALL_V1)));
    if (call != nullptr && MORTISE_HAS(call, mortise_call_v1, callback_failed)) {
      call->callback_failed(host, str(callback), str(reason));
      return;
    }
    // A server of 1.0.
    const auto* log = static_cast<const mortise_log_v1*>(host->lookup(host, str(MORTISE_LOG_V1)));
    if (log == nullptr) return;
    const mortise_pair fields[] = {{str("callback"), str(callback)}, {str("reason"), str(reason)}};
    log->write(host, MORTISE_LOG_ERROR, str("a callback of the module failed"), fields, 2);
  } catch (...) {  // no memory even for the words
  }
}

}  // namespace mortise::inline sdk1::detail
