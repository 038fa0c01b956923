#include "core/kernel/routing.hpp"

namespace mortise::kernel {

Routing::Routing(const Plan& plan, const RunningModules& modules)
    : messages(std::make_shared<const dialect::Messages>(plan.messages())),
      dialects(messages),
      routes(plan.documents()) {
  for (const auto& instance : modules.all()) {
    for (const auto& dialect : instance->manifest().dialects) {
      dialects.addTemplate(dialect.name, dialect.success, dialect.error, dialect.contentType);
    }
  }
}

}  // namespace mortise::kernel
