#include "core/plugin/callback_gate.hpp"

#include <utility>

#include "core/ops/log.hpp"
#include "core/ops/metrics.hpp"
#include "core/plugin/lane.hpp"

namespace mortise::plugin {

CallbackGate::CallbackGate(std::string module, ops::Registry* metrics)
    : module_(std::move(module)),
      failures_(metrics == nullptr
                    ? nullptr
                    : &metrics->counter("mortise_module_callback_failures_total",
                                        "Callbacks of a module that failed with an exception", {{"module", module_}})) {
}

void CallbackGate::failed(std::string_view what, std::string_view reason) noexcept {
  if (failures_ != nullptr) failures_->add(1);
  try {
    log::error("a callback of a module failed", {{"module", module_},
                                                 {"callback", what},
                                                 {"operation", currentOperationId()},
                                                 {"request_id", currentRequestId()},
                                                 {"reason", reason}});
  } catch (...) {  // no memory even for the log line
  }
}

}  // namespace mortise::plugin
