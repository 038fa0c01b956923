// Envelopes. A dialect turns a handler's bare value, or a Problem, into the body that its API family states. The only
// place that writes an error body.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/problem.hpp"
#include "core/dialect/messages.hpp"

namespace mortise::dialect {

// The properties of a request that a body may contain.
struct Context {
  std::string_view language;  // chosen for this request
  std::string_view method;
  std::string_view path;  // with prefix, without query, as sent
  std::string_view url;   // full URL with query (unified family)
  std::string_view requestId;
  std::int64_t userNumber = 0;  // 0: not signed in
  std::string_view clientAddress;
  const std::vector<std::string>* soft = nullptr;  // soft errors of the operation
  bool credentialsSent = false;                    // WWW-Authenticate gets error="invalid_token"
};

struct Rendered {
  int status = 200;
  std::string contentType = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields;
};

// A success text of the catalogue and the values that fill it; without a code, the family's own text.
struct SuccessText {
  std::string_view code;
  Params params;
  SuccessText(std::string_view key) : code(key) {}  // NOLINT: meant to convert
  SuccessText(const char* key) : code(key) {}       // NOLINT: meant to convert
  SuccessText(std::string_view key, Params values) : code(key), params(std::move(values)) {}
};

class Dialect {
 public:
  virtual ~Dialect() = default;
  // `data`: JSON text of the value; empty: none.
  virtual Rendered success(int status, std::string data, const SuccessText& text, const Context& context) const = 0;
  virtual Rendered error(const Problem& problem, const Context& context) const = 0;
};

class Families;  // family.hpp

// The envelopes of a server by name: those of its families, then those of third parties' templates.
class Dialects {
 public:
  // With the families of the kernel.
  explicit Dialects(std::shared_ptr<const Messages> messages);
  Dialects(std::shared_ptr<const Messages> messages, const Families& families);
  const Dialect& get(std::string_view name) const;  // unknown name: the first family's
  bool has(std::string_view name) const;
  // Adds a third party's dialect as data: templates with {{status}} {{code}} {{message}} {{data}} {{request_id}}
  // {{errors}} {{timestamp}}. Throws std::runtime_error when a filled template is not JSON.
  void addTemplate(std::string name, const std::string& successTemplate, const std::string& errorTemplate,
                   std::string contentType);

 private:
  std::shared_ptr<const Messages> messages_;
  std::string fallback_;
  std::map<std::string, std::unique_ptr<Dialect>, std::less<>> dialects_;
};

}  // namespace mortise::dialect
