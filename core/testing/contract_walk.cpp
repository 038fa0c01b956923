#include "core/testing/contract_walk.hpp"

#include <memory>
#include <stdexcept>
#include <vector>

#include "core/contract/kernel_contract.hpp"
#include "core/kernel/module_set.hpp"

namespace mortise::testing {
namespace {

constexpr std::size_t kMaxShown = 200;  // bytes of an answer

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

void forEachOperation(TestServer& server, const std::string& module, const Reports& report,
                      const std::function<void(const Subject&)>& work) {
  const auto contracts = contractsOf(server, module);
  auto messages = std::make_shared<dialect::Messages>();
  dialect::addKernelMessages(*messages);
  dialect::Dialects dialects(messages);
  for (const auto& one : contracts.dialects) dialects.addTemplate(one.name, one.success, one.error, one.contentType);
  const Rules rules(server, dialects);
  Callers callers(server);
  for (const auto& source : contracts.documents) {
    const auto compiled = contract::compile(source);
    for (const auto& operation : compiled.operations) {
      try {
        work({server, callers, rules, *operation, *compiled.document});
      } catch (const std::runtime_error& error) {
        report({operation->id, "a request", "an answer", error.what(), false});
      }
    }
  }
}

std::string shown(const HttpAnswer& answer) {
  return std::to_string(answer.status) + " " + answer.body.substr(0, kMaxShown);
}

}  // namespace mortise::testing
