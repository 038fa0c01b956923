// Shared by the envelopes: writing JSON objects, texts of problems and fields, header fields of errors.
#pragma once

#include <string>
#include <string_view>

#include "core/dialect/dialect.hpp"

namespace mortise::dialect {

// Writes the members of a JSON object in order; copies values that are JSON already.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  ObjectWriter& text(std::string_view name, std::string_view value);
  ObjectWriter& raw(std::string_view name, std::string_view json);
  ObjectWriter& number(std::string_view name, long long value);
  ObjectWriter& boolean(std::string_view name, bool value);
  ObjectWriter& textOrNull(std::string_view name, std::string_view value);
  void end() { out_ += '}'; }

 private:
  void key(std::string_view name);
  std::string& out_;
  bool first_ = true;
};

// The catalogue text of a problem; with field errors, that of "<code>.first" with {first} filled, where the catalogue
// has one.
std::string problemText(const Messages& messages, std::string_view dialect, const Problem& problem,
                        std::string_view language);
// The text of one field's rule; `withField` puts the field's name before it ("email: ...").
std::string fieldText(const Messages& messages, std::string_view dialect, const FieldError& error,
                      std::string_view language, bool withField);
// ["body","items",0,"email"]: digits are list positions.
std::string locationJson(const FieldError& error);
// Reply header fields of every family: the problem's own, Retry-After, WWW-Authenticate on 401.
void addFields(Rendered& rendered, const Problem& problem, const Context& context);
// For families with a bare body: the value itself; without a value the body is empty.
Rendered bare(int status, std::string data);
// The code that clients see: kernel-internal distinctions are removed.
std::string_view wireCode(std::string_view code);

}  // namespace mortise::dialect
