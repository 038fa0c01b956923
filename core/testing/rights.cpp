#include "core/testing/rights.hpp"

#include "core/base/text.hpp"
#include "core/testing/request_builder.hpp"

namespace mortise::testing {
namespace {

// Whether the contract lists the status, or its class, among the answers of the operation.
bool declares(const Subject& subject, int status) {
  const json::Value* value = &subject.document;
  for (const auto& name : {std::string("paths"), subject.operation.path, text::lower(subject.operation.method),
                           std::string("responses")}) {
    value = json::member(*value, name);
    if (value == nullptr) return false;
  }
  const auto exact = std::to_string(status);
  return json::member(*value, exact) != nullptr || json::member(*value, exact.substr(0, 1) + "XX") != nullptr;
}

// No credential counts where everybody may call: those of no account show that none is refused for what it sends.
bool isNeeded(const contract::Operation& operation, const Caller& caller) {
  return !operation.security.anonymous || caller.credential == Caller::Credential::none ||
         caller.fault == Caller::Fault::rubbish;
}

void call(const Subject& subject, const RequestBuilder& builder, const Caller& caller, const Reports& report) {
  const auto verdict = subject.rules.verdict(subject.operation, caller);
  Report one{
      subject.operation.id, caller.name, verdict.isLetIn() ? "let in" : std::to_string(verdict.status), {}, false};
  try {
    const auto credentials = subject.callers.give(subject.operation, caller);
    const auto answer = send(subject.server.address(), credentials, builder.valid(), Until::head);
    one.answer = shown(answer);
    one.passed = agrees(verdict, answer.status, declares(subject, answer.status));
  } catch (const std::exception& error) {
    one.answer = error.what();
  }
  if (verdict.isLetIn() && subject.operation.method != "GET") subject.callers.forget(subject.operation, caller);
  report(one);
}

}  // namespace

void runRights(TestServer& server, const std::string& module, const Reports& report) {
  forEachOperation(server, module, report, [&](const Subject& subject) {
    if (subject.operation.closesRefused) return;
    const RequestBuilder builder(subject.operation, subject.document);
    for (const auto& caller : everyCaller()) {
      if (isNeeded(subject.operation, caller)) call(subject, builder, caller, report);
    }
  });
}

}  // namespace mortise::testing
