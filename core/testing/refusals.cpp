#include "core/testing/refusals.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/config/config.hpp"
#include "core/testing/request_builder.hpp"

namespace mortise::testing {
namespace {

using contract::Operation;
using Credential = Caller::Credential;
using Fault = Caller::Fault;

constexpr std::size_t kMaxCases = 5000;  // of one operation

// The callers here are one for each reason to be refused; rights.hpp has them all.
const Caller kAnonymous{"anonymous"};
const Caller kBadToken{"with a token that is none", Credential::token, Fault::rubbish};
const Caller kForeignScope{"a service key of another scope", Credential::serviceKey, Fault::none, "super_admin"};

Caller withoutPermission(const Operation& operation) {
  return {"without the permission " + operation.permission,
          takesBearer(operation) ? Credential::token : Credential::cookie, Fault::none, "kit_without_rights"};
}

Caller allowed(const Operation& operation) {
  if (operation.security.anonymous) return kAnonymous;
  return {"a caller who may", takesBearer(operation) ? Credential::token : Credential::cookie, Fault::none,
          "super_admin"};
}

class OperationRefusals {
 public:
  OperationRefusals(const Subject& subject, const Reports& report)
      : subject_(subject), operation_(subject.operation), builder_(operation_, subject.document), report_(report) {}

  void run() {
    // Refusals of such an operation are close codes after the handshake, which only a WebSocket client sees.
    if (operation_.closesRefused) return;
    callerCases();
    csrfCases();
    shapeCases();
  }

 private:
  void callerCases() {
    const auto& security = operation_.security;
    if (security.anonymous) return;
    const auto valid = builder_.valid();
    if (!security.optional) send(kAnonymous.name, valid, kAnonymous);
    if (takesBearer(operation_)) send(kBadToken.name, valid, kBadToken);
    if (takesBearer(operation_)) send(kForeignScope.name, valid, kForeignScope);
    if (!operation_.permission.empty() && operation_.permission != "authenticated") {
      const auto caller = withoutPermission(operation_);
      send(caller.name, valid, caller);
    }
  }

  void csrfCases() {
    if (!needsCsrf(operation_)) return;
    const auto valid = builder_.valid();
    send("without a CSRF token", valid, allowed(operation_), {Csrf::missing, false, {}});
    send("with a wrong CSRF token", valid, allowed(operation_), {Csrf::wrong, false, {}});
  }

  void shapeCases() {
    const auto breaches = builder_.breaches();
    if (breaches.size() > kMaxCases)
      throw std::runtime_error(std::to_string(breaches.size()) + " ways to break its shape; at most " +
                               std::to_string(kMaxCases) + " are sent");
    const auto& config = subject_.server.kernel().config();
    const auto limit = operation_.body.limit != 0 ? operation_.body.limit
                                                  : static_cast<std::uint64_t>(config.integer("http.max_body"));
    for (const auto& breach : breaches) {
      if (breach.request.body.size() > limit) continue;  // checked before the shape
      send(breach.field + ": " + breach.what, breach.request, allowed(operation_), {Csrf::good, true, breach.field});
    }
  }

  void send(const std::string& what, const HttpRequest& request, const Caller& caller, const Faults& faults = {}) {
    const auto verdict = subject_.rules.verdict(operation_, caller, faults);
    Report one{operation_.id, what, std::to_string(verdict.status), {}, false};
    if (!verdict.field.empty()) one.expected += " " + verdict.field;
    try {
      const auto credentials = subject_.callers.give(operation_, caller, faults.csrf);
      const auto answer = testing::send(subject_.server.address(), credentials, request);
      const auto fields = answer.fields();
      const bool named =
          verdict.field.empty() || std::find(fields.begin(), fields.end(), verdict.field) != fields.end();
      one.passed = answer.status == verdict.status && named;
      one.answer = shown(answer);
    } catch (const std::runtime_error& error) {
      one.answer = error.what();
    }
    report_(one);
  }

  const Subject& subject_;
  const Operation& operation_;
  const RequestBuilder builder_;
  const Reports& report_;
};

}  // namespace

void runRefusals(TestServer& server, const std::string& module, const Reports& report) {
  forEachOperation(server, module, report, [&](const Subject& subject) { OperationRefusals(subject, report).run(); });
}

}  // namespace mortise::testing
