// Takes a request through the kernel: head -> route -> the contract's checks in the family's order -> lane -> handler
// -> reply. The http::Application of the server. I/O threads never block in here: blocking steps go to the worker pool.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/worker_pool.hpp"
#include "core/contract/route_table.hpp"
#include "core/http/exchange.hpp"
#include "core/identity/identity.hpp"
#include "core/kernel/answering.hpp"
#include "core/kernel/deadlines.hpp"
#include "core/kernel/request_call.hpp"
#include "core/kernel/request_log.hpp"
#include "core/services/limits/limits.hpp"
#include "core/services/limits/slots.hpp"

namespace mortise::plugin {
class ModuleInstance;
}

namespace mortise::kernel {

// The handler of an operation: in a module, or in the kernel itself.
struct Target {
  plugin::ModuleInstance* module = nullptr;
  std::function<void(RequestCall&)> builtin;
};

struct DispatcherOptions {
  std::uint64_t maxBody = 1 << 20;
  std::uint64_t maxUpload = 1ull << 30;
  int requestTimeoutSeconds = 60;
  bool csrfExemptBearer = false;  // callers with a bearer credential and no session cookie need no CSRF token
};

struct DispatcherParts {
  const contract::RouteTable& routes;
  const Answering& answering;
  identity::Identity& identity;
  services::Limits& limits;
  services::Slots& slots;
  WorkerPool& workers;
  WorkerPool& passwords;
  RequestLog& log;
};

class Dispatcher final : public http::Application {
 public:
  Dispatcher(DispatcherParts parts, DispatcherOptions options,
             std::unordered_map<const contract::Operation*, Target> targets);
  ~Dispatcher() override;

  // http::Application
  Verdict onHead(const http::ExchangePtr& exchange) override;
  void onRequest(const http::ExchangePtr& exchange) override;
  http::Reply onRefused(const http::ExchangePtr& exchange, int status, std::string_view code,
                        std::string_view detail) override;
  void onFinished(const http::ExchangePtr& exchange, int status, std::uint64_t bytes, bool completed) override;

 private:
  enum class Step : std::uint8_t { done, needsWorker, needsBody };
  // The thread that runs the checks: the I/O thread, a worker, or a thread of the password lane.
  enum class Place : std::uint8_t { loop, worker, password };
  // Runs the remaining checks, as far as this thread and the received part of the request allow. Throws Problem.
  Step advance(RequestCall& call, bool onWorker);
  void takeLimits(RequestCall& call, bool perAddress);
  void authenticate(RequestCall& call, const identity::Credentials& credentials, bool onWorker, bool& needsWorker);
  void takeLimit(RequestCall& call, const std::shared_ptr<const contract::Bucket>& bucket, std::string_view key);
  void proceed(const RequestCallPtr& call, Place place);
  void invoke(RequestCall& call);
  void post(const RequestCallPtr& call, Place place, std::function<void()> task);
  // Throws Problem 403 csrf_missing or csrf_invalid. Returns false when only a worker can check it, or only with the
  // whole body.
  bool checkCsrf(RequestCall& call, bool onWorker, Step& waitFor);
  bool mayUpgradeFrom(const http::Exchange& exchange) const;
  http::BodyPlan planFor(const contract::Operation& operation) const;
  // Adds the limit to the details of a 413.
  void addLimit(const http::ExchangePtr& exchange, Problem& problem) const;
  static identity::Credentials credentialsOf(const RequestCall& call, std::string& queryToken);

  const DispatcherParts parts_;
  const DispatcherOptions options_;
  std::unordered_map<const contract::Operation*, Target> targets_;
  Deadlines deadlines_;
};

}  // namespace mortise::kernel
