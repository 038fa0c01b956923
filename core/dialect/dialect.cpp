#include "core/dialect/dialect.hpp"

#include <stdexcept>
#include <utility>

#include "core/dialect/families.hpp"

namespace mortise::dialect {

Dialects::Dialects(std::shared_ptr<const Messages> messages) : messages_(std::move(messages)) {
  dialects_["problem"] = makeProblem(messages_);
  dialects_["code_msg"] = makeCodeMsg(messages_);
  dialects_["unified"] = makeUnified(messages_);
  dialects_["sessionfs"] = makeSessionfs(messages_);
}

const Dialect& Dialects::get(std::string_view name) const {
  const auto at = dialects_.find(name);
  return at == dialects_.end() ? *dialects_.find("problem")->second : *at->second;
}

bool Dialects::has(std::string_view name) const { return dialects_.find(name) != dialects_.end(); }

void Dialects::addTemplate(std::string name, const std::string& successTemplate, const std::string& errorTemplate,
                           std::string contentType) {
  if (name.empty() || has(name)) throw std::runtime_error("dialect " + name + ": the name is taken; choose another");
  auto made = makeTemplate(messages_, name, successTemplate, errorTemplate, std::move(contentType));
  dialects_.emplace(std::move(name), std::move(made));
}

}  // namespace mortise::dialect
