// A third party's envelope as data (module.yaml: dialects): one JSON template for success, one for errors.
#pragma once

#include <memory>
#include <string>

#include "core/dialect/family.hpp"

namespace mortise::dialect {

// Placeholders: see Dialects::addTemplate. `contentType`: of both bodies; empty: application/json. Throws
// std::runtime_error when a filled template is not JSON, or has an unknown placeholder.
std::unique_ptr<Dialect> makeTemplate(MessagesPtr messages, std::string name, const std::string& success,
                                      const std::string& error, std::string contentType);

}  // namespace mortise::dialect
