#include "core/testing/refusals.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include "core/contract/kernel_contract.hpp"
#include "core/contract/operation.hpp"
#include "core/dialect/dialect.hpp"
#include "core/kernel/module_set.hpp"
#include "core/testing/request_builder.hpp"

namespace mortise::testing {
namespace {

using contract::Check;
using contract::Operation;

constexpr std::size_t kMaxCases = 5000;               // of one operation
constexpr std::size_t kMaxShown = 200;                // bytes of an answer
constexpr std::uint64_t kDefaultBodyLimit = 1 << 20;  // http.max_body

// The callers of each operation. A further kind of caller is one more name here and in Callers::give.
enum class Caller { anonymous, badToken, withoutPermission, foreignScope, allowed };

// The fault of a request; the family's order of checks determines which one is reported.
struct Fault {
  Caller caller = Caller::allowed;
  enum class Csrf { good, missing, wrong } csrf = Csrf::good;
  bool shape = false;
};

bool changesState(const Operation& operation) {
  return operation.method == "POST" || operation.method == "PUT" || operation.method == "PATCH" ||
         operation.method == "DELETE";
}

bool takesBearer(const Operation& operation) { return operation.security.bearer || operation.security.apiKey; }

bool needsCsrf(const Operation& operation) { return operation.csrf && changesState(operation); }

// The accounts of the callers, created when first needed.
class Callers {
 public:
  explicit Callers(TestServer& server) : server_(server) {}

  Credentials give(const Operation& operation, const Fault& fault) {
    using Kind = CallerRights::Kind;
    Credentials out;
    const bool cookieOnly = !takesBearer(operation);
    switch (fault.caller) {
      case Caller::anonymous:
        break;
      case Caller::badToken:
        out.token = "not.a.token";
        break;
      case Caller::foreignScope:
        out.token = account({Kind::serviceKey, {}, {"no_module.has_this_scope"}}).token;
        break;
      case Caller::withoutPermission:
        if (!cookieOnly) out.token = account({Kind::user}).token;
        if (cookieOnly) out.cookie = account({Kind::browser}).cookie;
        break;
      case Caller::allowed:
        if (operation.security.anonymous) break;
        if (!cookieOnly) out.token = account({Kind::admin}).token;
        if (cookieOnly) out.cookie = account(signedInAdmin()).cookie;
        break;
    }
    if (needsCsrf(operation)) {
      // A CSRF token belongs to a cookie session; with credentials in the head the session's credentials are ignored.
      const auto& browser = cookieOnly && fault.caller == Caller::withoutPermission ? account({Kind::browser})
                            : fault.caller == Caller::allowed                       ? account(signedInAdmin())
                            : operation.security.cookie                             ? anonymousSession()
                                                                                    : account(signedInAdmin());
      out.cookie = browser.cookie;
      if (fault.csrf == Fault::Csrf::good) out.csrf = browser.csrf;
      if (fault.csrf == Fault::Csrf::wrong) out.csrf = "1700000000:0123456789abcdef";
    }
    return out;
  }

 private:
  static CallerRights signedInAdmin() {
    CallerRights rights{CallerRights::Kind::browser};
    rights.isAdmin = true;
    return rights;
  }
  const Credentials& account(const CallerRights& rights) {
    const auto key = std::make_pair(static_cast<int>(rights.kind), rights.isAdmin);
    const auto known = accounts_.find(key);
    return known != accounts_.end() ? known->second : accounts_.emplace(key, server_.create(rights)).first->second;
  }
  const Credentials& anonymousSession() {
    if (!anonymous_) anonymous_ = server_.anonymousSession();
    return *anonymous_;
  }

  TestServer& server_;
  std::map<std::pair<int, bool>, Credentials> accounts_;
  std::optional<Credentials> anonymous_;
};

struct Expected {
  int status = 0;     // 0: no check refuses it
  std::string field;  // empty: the family names no field here
};

class OperationRefusals {
 public:
  OperationRefusals(TestServer& server, Callers& callers, const dialect::Dialects& dialects, const Operation& operation,
                    const json::Value& document, const std::function<void(const RefusalReport&)>& report)
      : server_(server),
        callers_(callers),
        dialects_(dialects),
        operation_(operation),
        builder_(operation, document),
        report_(report) {}

  void run() {
    // Refusals of such an operation are close codes after the handshake, which only a WebSocket client sees.
    if (operation_.closesRefused) return;
    try {
      callerCases();
      csrfCases();
      shapeCases();
    } catch (const std::runtime_error& error) {
      report_({operation_.id, "a request", "an answer", error.what(), false});
    }
  }

 private:
  void callerCases() {
    const auto& security = operation_.security;
    if (security.anonymous) return;
    const auto valid = builder_.valid();
    if (!security.optional) send("anonymous", valid, {Caller::anonymous});
    if (takesBearer(operation_)) send("with a token that is none", valid, {Caller::badToken});
    if (takesBearer(operation_)) send("a service key of another scope", valid, {Caller::foreignScope});
    if (!operation_.permission.empty() && operation_.permission != "authenticated")
      send("without the permission " + operation_.permission, valid, {Caller::withoutPermission});
  }

  void csrfCases() {
    if (!needsCsrf(operation_)) return;
    const auto valid = builder_.valid();
    send("without a CSRF token", valid, {Caller::allowed, Fault::Csrf::missing});
    send("with a wrong CSRF token", valid, {Caller::allowed, Fault::Csrf::wrong});
  }

  void shapeCases() {
    const auto breaches = builder_.breaches();
    if (breaches.size() > kMaxCases)
      throw std::runtime_error(std::to_string(breaches.size()) + " ways to break its shape; at most " +
                               std::to_string(kMaxCases) + " are sent");
    for (const auto& breach : breaches) {
      // The size limit is checked before the shape.
      if (breach.request.body.size() > (operation_.body.limit != 0 ? operation_.body.limit : kDefaultBodyLimit))
        continue;
      Fault fault;
      fault.shape = true;
      send(breach.field + ": " + breach.what, breach.request, fault, breach.field);
    }
  }

  // Walks the family's checks in its order.
  Expected expected(const Credentials& credentials, const Fault& fault, const std::string& field) const {
    const auto& security = operation_.security;
    const bool signedIn = fault.caller != Caller::anonymous && fault.caller != Caller::badToken && !security.anonymous;
    const auto refused = [&](int status, std::string code) {
      // A caller with only a cookie may belong to another family.
      const bool byCookie = !credentials.cookie.empty() && credentials.token.empty() && operation_.cookieConventions;
      const auto& name = byCookie ? operation_.cookieConventions->dialect : operation_.conventions.dialect;
      Problem problem(status, std::move(code));
      if (!field.empty()) problem.errors.push_back({{"body", "member"}, "missing", {}});
      dialect::Context context;
      context.language = "en";
      context.soft = &operation_.soft;
      const auto rendered = dialects_.get(name).error(problem, context);
      HttpAnswer answer{rendered.status, rendered.body, {}};
      const bool names = !answer.fields().empty();
      return Expected{rendered.status, names ? field : std::string()};
    };
    for (const auto check : operation_.conventions.checks) {
      switch (check) {
        case Check::csrf:
          if (needsCsrf(operation_) && fault.csrf == Fault::Csrf::missing) return refused(403, "csrf_missing");
          if (needsCsrf(operation_) && fault.csrf == Fault::Csrf::wrong) return refused(403, "csrf_invalid");
          break;
        case Check::principal:
          if (security.anonymous) break;
          if (fault.caller == Caller::badToken) return refused(401, "invalid_token");
          if (!signedIn && !security.optional) return refused(401, "not_authenticated");
          break;
        case Check::permission:
          if (fault.caller == Caller::foreignScope)
            return refused(403, operation_.scopes.empty() ? "service_key_not_allowed" : "insufficient_scope");
          if (fault.caller == Caller::withoutPermission) return refused(403, "forbidden");
          break;
        case Check::shape:
          if (fault.shape)
            return refused(422, operation_.invalidCode.empty() ? "validation_failed" : operation_.invalidCode);
          break;
        case Check::syntax:  // a body that is no JSON has the same status and place as one of a wrong shape
        case Check::limitIp:
        case Check::limitUser:  // switched off
          break;
      }
    }
    return {};
  }

  void send(const std::string& what, const HttpRequest& request, const Fault& fault, const std::string& field = {}) {
    const auto credentials = callers_.give(operation_, fault);
    const auto refusal = expected(credentials, fault, field);
    RefusalReport one{operation_.id, what, std::to_string(refusal.status), {}, false};
    if (!refusal.field.empty()) one.expected += " " + refusal.field;
    try {
      const auto answer = testing::send(server_.address(), credentials, request);
      const auto fields = answer.fields();
      const bool named =
          refusal.field.empty() || std::find(fields.begin(), fields.end(), refusal.field) != fields.end();
      one.passed = answer.status == refusal.status && named;
      one.answer = std::to_string(answer.status) + " " + answer.body.substr(0, kMaxShown);
    } catch (const std::runtime_error& error) {
      one.answer = error.what();
    }
    report_(one);
  }

  TestServer& server_;
  Callers& callers_;
  const dialect::Dialects& dialects_;
  const Operation& operation_;
  const RequestBuilder builder_;
  const std::function<void(const RefusalReport&)>& report_;
};

struct Contracts {
  std::vector<contract::DocumentSource> documents;
  std::vector<plugin::DialectDeclaration> dialects;
};

Contracts contractsOf(const TestServer& server, const std::string& module) {
  if (module == "kernel") return {{contract::kernelContract()}, {}};
  const auto* one = server.kernel().modules().named(module);
  if (one == nullptr || !one->manifest) throw std::invalid_argument("this server runs no module " + module);
  return {one->manifest->contracts, one->manifest->dialects};
}

}  // namespace

void runRefusals(TestServer& server, const std::string& module,
                 const std::function<void(const RefusalReport&)>& report) {
  const auto contracts = contractsOf(server, module);
  auto messages = std::make_shared<dialect::Messages>();
  dialect::addKernelMessages(*messages);
  dialect::Dialects dialects(messages);
  for (const auto& one : contracts.dialects) dialects.addTemplate(one.name, one.success, one.error, one.contentType);
  Callers callers(server);
  for (const auto& source : contracts.documents) {
    const auto document = contract::compile(source);
    for (const auto& operation : document.operations)
      OperationRefusals(server, callers, dialects, *operation, *document.document, report).run();
  }
}

}  // namespace mortise::testing
