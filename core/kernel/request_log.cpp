#include "core/kernel/request_log.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "core/kernel/request_call.hpp"
#include "core/ops/log.hpp"

namespace mortise::kernel {

struct RequestLog::Counters {
  std::array<ops::Counter*, 6> byClass{};  // 1xx .. 5xx; 0 unused
  ops::Histogram* seconds = nullptr;
};

namespace {

template <typename Counters>
std::unique_ptr<Counters> countersFor(ops::Registry& registry, const std::string& module,
                                      const std::string& operation) {
  auto counters = std::make_unique<Counters>();
  for (int group = 1; group <= 5; ++group) {
    counters->byClass[static_cast<std::size_t>(group)] =
        &registry.counter("mortise_http_requests_total", "Finished requests by operation and status class",
                          {{"module", module}, {"operation", operation}, {"status", std::to_string(group) + "xx"}});
  }
  counters->seconds = &registry.histogram("mortise_http_request_seconds",
                                          "Time from the first byte of the head to the end of the reply",
                                          ops::durationBuckets(), {{"module", module}, {"operation", operation}});
  return counters;
}

// `path` with the names of secret parameters in place of their values: readers of the log must not open links.
std::string shownPath(std::string_view path, const contract::Operation& operation) {
  const auto isSecret = [&](std::string_view segment) {
    return std::any_of(operation.parameters.begin(), operation.parameters.end(), [&](const contract::Parameter& one) {
      return one.in == contract::In::path && one.secret && segment == "{" + one.name + "}";
    });
  };
  std::string out;
  std::string_view shape = operation.path;
  for (;;) {
    const auto end = path.find('/'), shapeEnd = shape.find('/');
    const auto expected = shape.substr(0, shapeEnd);
    out.append(isSecret(expected) ? expected : path.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '/';
    path.remove_prefix(end + 1);
    shape.remove_prefix(shapeEnd == std::string_view::npos ? shape.size() : shapeEnd + 1);
  }
}

// The same where no route has the path: what begins like that of a link may have a link's token.
std::string shownPath(std::string_view path, const std::vector<std::pair<std::string, std::string>>& secrets) {
  for (const auto& [before, name] : secrets) {
    if (path.size() <= before.size() || path.substr(0, before.size()) != before) continue;
    const auto end = path.find('/', before.size());
    return before + name + std::string(end == std::string_view::npos ? std::string_view() : path.substr(end));
  }
  return std::string(path);
}

}  // namespace

RequestLog::RequestLog(ops::Registry& registry, const std::vector<contract::OperationPtr>& operations, bool accessLog)
    : queueFull_(&registry.counter("mortise_worker_queue_full_total",
                                   "Requests answered 503 because the worker queue was full")),
      passwordQueueFull_(&registry.counter("mortise_password_queue_full_total",
                                           "Requests answered 503 because too many waited for their password's hash")),
      uncounted_(&registry.counter("mortise_limits_uncounted_total",
                                   "Requests that passed uncounted while the store of rate limits was away")),
      aborted_(&registry.counter("mortise_http_aborted_total",
                                 "Requests whose reply did not arrive whole: the client left, or the reply was cut")),
      accessLog_(accessLog) {
  for (const auto& operation : operations) {
    byOperation_.emplace(operation.get(), countersFor<Counters>(registry, operation->module, operation->id));
    for (const auto& parameter : operation->parameters) {
      const auto name = "{" + parameter.name + "}";
      const auto at = parameter.in == contract::In::path && parameter.secret ? operation->path.find(name) : 0;
      if (at != 0 && at != std::string::npos && operation->path.find('{') == at)
        secrets_.emplace_back(operation->path.substr(0, at), name);
    }
  }
  unmatched_ = countersFor<Counters>(registry, "", "");
}

RequestLog::~RequestLog() = default;

void RequestLog::finished(const http::Exchange& exchange, const RequestCall* call, int status, std::uint64_t bytes,
                          bool completed) {
  const auto duration = std::chrono::steady_clock::now() - exchange.received();
  const auto* operation = call ? call->operation() : nullptr;
  const auto known = operation ? byOperation_.find(operation) : byOperation_.end();
  auto& counters = known == byOperation_.end() ? *unmatched_ : *known->second;
  if (status >= 100 && status < 600) counters.byClass[static_cast<std::size_t>(status / 100)]->add(1);
  counters.seconds->observe(std::chrono::duration<double>(duration).count());
  if (!completed) aborted_->add(1);
  if (!accessLog_ || !log::enabled(log::Level::info)) return;
  const auto& head = exchange.head();
  // The query may contain tokens and addresses: the line has the path only.
  const auto* ofPath = operation ? operation : call ? call->match().neighbour.get() : nullptr;
  const log::Field fields[] = {
      {"request_id", exchange.logId()},
      {"client_request_id", exchange.clientRequestId()},
      {"method", head.methodText()},
      {"path", ofPath ? shownPath(head.path, *ofPath) : shownPath(head.path, secrets_)},
      {"operation", operation ? std::string_view(operation->id) : std::string_view("-")},
      {"status", status},
      {"bytes", bytes},
      {"micros", std::chrono::duration_cast<std::chrono::microseconds>(duration).count()},
      {"address", call ? call->address() : std::string_view(exchange.peer().address)},
      {"user", call && call->principalPtr() ? std::string_view(call->principalPtr()->userId) : std::string_view("-")},
      {"completed", completed},
  };
  log::write(log::Level::info, "request", fields, std::size(fields));
}

}  // namespace mortise::kernel
