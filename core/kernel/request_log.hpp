// The access log and the HTTP metrics: one line and a few relaxed atomics per finished request.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/contract/operation.hpp"
#include "core/http/exchange.hpp"
#include "core/ops/metrics.hpp"

namespace mortise::kernel {

class RequestCall;

class RequestLog {
 public:
  RequestLog(ops::Registry& registry, const std::vector<contract::OperationPtr>& operations, bool accessLog);
  ~RequestLog();
  // `call` may be null when no route was matched.
  void finished(const http::Exchange& exchange, const RequestCall* call, int status, std::uint64_t bytes,
                bool completed);
  void refusedByQueue() { queueFull_->add(1); }
  void refusedByPasswordQueue() { passwordQueueFull_->add(1); }
  void passedUncounted() { uncounted_->add(1); }

 private:
  struct Counters;
  std::unordered_map<const contract::Operation*, std::unique_ptr<Counters>> byOperation_;
  std::unique_ptr<Counters> unmatched_;
  std::vector<std::pair<std::string, std::string>> secrets_;  // what stands before a secret in a path, and its name
  ops::Counter* queueFull_;
  ops::Counter* passwordQueueFull_;
  ops::Counter* uncounted_;
  ops::Counter* aborted_;
  bool accessLog_;
};

}  // namespace mortise::kernel
