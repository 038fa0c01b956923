// A compiled schema: one node per schema object of a document, with the rules of each type in their own struct. Only
// SchemaCompiler fills the nodes; afterwards they are immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/contract/pattern.hpp"
#include "core/contract/schema.hpp"

namespace mortise::contract {

class SchemaNode;

using Location = std::vector<std::string>;
using Errors = std::vector<FieldError>;

enum class SchemaType : std::uint8_t { any, string, integer, number, boolean, array, object };
enum class StringFormat : std::uint8_t { none, email, uuid, uri, dateTime, date };

struct StringRules {
  std::size_t minLength = 0, maxLength = SIZE_MAX;  // code points
  std::unique_ptr<Pattern> pattern;
  std::string patternText;
  StringFormat format = StringFormat::none;

  void check(const json::Value& value, const Location& location, Errors& errors) const;
};

struct NumberBound {
  bool set = false;
  bool exclusive = false;
  bool whole = false;  // written as an integer that fits
  std::int64_t integer = 0;
  double real = 0;
  std::string text;  // as the document writes it
};

struct NumberRules {
  bool integer = false;  // type: integer
  bool int32 = false;    // format: int32
  NumberBound least, most, step;

  void check(const json::Value& value, const Location& location, Errors& errors) const;
};

struct ArrayRules {
  const SchemaNode* items = nullptr;
  std::size_t minItems = 0, maxItems = SIZE_MAX;
  bool unique = false;

  void check(const json::Value& value, Location& location, Errors& errors) const;
};

struct ObjectRules {
  struct Property {
    std::string name;
    const SchemaNode* schema = nullptr;  // null: required, but without a schema
    bool required = false;
  };
  std::vector<Property> properties;
  std::vector<std::pair<std::string_view, std::size_t>> byName;  // sorted; indexes into properties
  bool closed = false;                                           // additionalProperties: false
  const SchemaNode* additional = nullptr;
  std::size_t minMembers = 0, maxMembers = SIZE_MAX;

  const Property* find(std::string_view name) const;
  void check(const json::Value& value, Location& location, Errors& errors) const;
};

class SchemaNode final : public Schema {
 public:
  void check(const json::Value& value, Location& location, Errors& errors) const override;
  void readWholeNumbers(json::Value& value) const override;
  bool convert(std::string_view text, json::Value& into, json::Document::AllocatorType& allocator,
               const Location& location, Errors& errors) const override;

  const SchemaNode* target = nullptr;  // $ref: everything else is empty
  SchemaType type = SchemaType::any;
  bool nullable = false;
  std::vector<const json::Value*> values;  // enum
  std::string expected;                    // the same, for the message
  StringRules string;
  NumberRules number;
  ArrayRules array;
  ObjectRules object;
  std::vector<const SchemaNode*> allOf, oneOf, anyOf;
  std::string discriminator;
  std::map<std::string, const SchemaNode*, std::less<>> mapping;

 private:
  bool suits(const json::Value& value) const;
  bool typeFits(const json::Value& value, const Location& location, Errors& errors) const;
  void checkDiscriminated(const json::Value& value, Location& location, Errors& errors) const;
  static void checkBranches(const std::vector<const SchemaNode*>& branches, bool exactlyOne, const json::Value& value,
                            Location& location, Errors& errors);
};

// Owns a compiled schema: all nodes, recursive ones included, and the document that its enums point into.
struct SchemaArena {
  std::vector<std::unique_ptr<SchemaNode>> nodes;
  json::Document document;
  std::vector<std::unique_ptr<json::Value>> values;
};

}  // namespace mortise::contract
