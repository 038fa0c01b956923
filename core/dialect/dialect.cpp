#include "core/dialect/dialect.hpp"

#include <stdexcept>
#include <utility>

#include "core/dialect/family.hpp"
#include "core/dialect/template.hpp"

namespace mortise::dialect {

Dialects::Dialects(std::shared_ptr<const Messages> messages) : Dialects(std::move(messages), Families::builtIn()) {}

Dialects::Dialects(std::shared_ptr<const Messages> messages, const Families& families)
    : messages_(std::move(messages)), fallback_(families.fallback().name()) {
  for (const auto* family : families.all()) dialects_[std::string(family->name())] = family->make(messages_);
}

const Dialect& Dialects::get(std::string_view name) const {
  const auto at = dialects_.find(name);
  return at == dialects_.end() ? *dialects_.find(fallback_)->second : *at->second;
}

bool Dialects::has(std::string_view name) const { return dialects_.find(name) != dialects_.end(); }

void Dialects::addTemplate(std::string name, const std::string& successTemplate, const std::string& errorTemplate,
                           std::string contentType) {
  if (name.empty() || has(name)) throw std::runtime_error("dialect " + name + ": the name is taken; choose another");
  auto dialect = makeTemplate(messages_, name, successTemplate, errorTemplate, std::move(contentType));
  dialects_.emplace(std::move(name), std::move(dialect));
}

}  // namespace mortise::dialect
