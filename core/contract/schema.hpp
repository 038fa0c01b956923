// JSON Schema in the form of OpenAPI 3.0, compiled once into a tree that checks a parsed body and reports every broken
// rule. RapidJSON's validator stops at the first error and counts bytes where contracts count code points
// (docs/decisions/0001-own-schema-walker.md).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/problem.hpp"

namespace mortise::contract {

class Schema {
 public:
  virtual ~Schema() = default;
  // Appends one FieldError per broken rule, a hundred at most, in the order of the schema's properties; `location` is
  // the path so far ({"body"}). Rules (= FieldError::rule): missing, null_forbidden{type}, string_type, int_type,
  // float_type, bool_type, list_type, object_type, string_too_short{min_length}, string_too_long{max_length},
  // string_pattern_mismatch{pattern}, greater_than_equal{ge}, less_than_equal{le}, greater_than{gt}, less_than{lt},
  // multiple_of{multiple_of}, too_short{min_length}, too_long{max_length}, not_unique, literal_error{expected},
  // extra_forbidden, one_of, too_complex, repeated (parameters), email, uuid, uri, date_time, date, nul_character,
  // surrogate.
  virtual void check(const json::Value& value, std::vector<std::string>& location,
                     std::vector<FieldError>& errors) const = 0;
  // Turns texts that write a whole number ("30", "-1") into numbers where the schema wants an integer, in members and
  // items, however deep; leaves everything else. For families whose clients send numbers so; before check().
  virtual void readWholeNumbers(json::Value& value) const = 0;
  // Converts a text (path, query, header) to the schema's type, then checks it; int_parsing, float_parsing,
  // bool_parsing when the conversion fails. Returns false when it added an error. With type array it takes one
  // occurrence and appends it; readParameter (parameters.hpp) handles the whole parameter.
  virtual bool convert(std::string_view text, json::Value& into, json::Document::AllocatorType& allocator,
                       const std::vector<std::string>& location, std::vector<FieldError>& errors) const = 0;
};

}  // namespace mortise::contract
