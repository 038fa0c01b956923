// The values that an OpenAPI schema accepts and refuses, as JSON texts derived from the schema alone. Independent of
// the validator: these values are what the contract promises its clients.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace mortise::testing {

// A value that breaks one rule of a schema.
struct Breach {
  std::vector<std::string> location;  // of the broken rule, from this value: {"items", "0", "email"}; empty: itself
  std::string what;                   // "left out", "longer than 40"
  std::string json;                   // the whole value
};

class SchemaCases {
 public:
  // `root`: the document that local $refs refer to; it must outlive this object.
  explicit SchemaCases(const json::Value& root) : root_(root) {}

  // The target of a local $ref, or the value itself.
  const json::Value& resolve(const json::Value& schema) const;

  // A value that the schema accepts: its example, default or first enum value, else the smallest that keeps its rules;
  // of an object only the required members. A pattern that no common text matches needs an `example` in the contract.
  std::string example(const json::Value& schema) const;

  // One value per rule that can be broken, otherwise as example(): every other type, every bound exceeded, a value
  // outside the enum, a text that misses pattern or format, required members left out, unknown ones where none are
  // allowed; the same for nested members and items. Bounds above kMaxUnits are skipped, since such a request would be
  // refused for its size.
  std::vector<Breach> breaches(const json::Value& schema) const;

  static constexpr std::size_t kMaxUnits = 100'000;

 private:
  using Schemas = std::vector<const json::Value*>;
  struct Member {
    std::string name;
    const json::Value* schema;  // null: required, but without a schema
    bool required;
  };

  std::string example(const json::Value& schema, int depth) const;
  std::string exampleText(const json::Value& schema) const;
  std::string exampleNumber(const json::Value& schema) const;
  std::string exampleObject(const json::Value& schema, int depth) const;
  std::string exampleArray(const json::Value& schema, std::size_t count, int depth) const;

  void breaches(const json::Value& schema, Schemas& open, std::vector<Breach>& out) const;
  void breakType(const json::Value& schema, std::vector<Breach>& out) const;
  void breakText(const json::Value& schema, std::vector<Breach>& out) const;
  void breakNumber(const json::Value& schema, std::vector<Breach>& out) const;
  void breakArray(const json::Value& schema, Schemas& open, std::vector<Breach>& out) const;
  void breakObject(const json::Value& schema, Schemas& open, std::vector<Breach>& out) const;

  // The members of the schema, of everything that allOf adds, and of the first branch of oneOf or anyOf; required ones
  // merged.
  std::vector<Member> members(const json::Value& schema) const;
  void collectMembers(const json::Value& schema, std::vector<Member>& out, int depth) const;
  bool isClosed(const json::Value& schema) const;
  // The values of the required members, as (name, JSON).
  std::vector<std::pair<std::string, std::string>> requiredMembers(const json::Value& schema, int depth) const;

  const json::Value& root_;
};

}  // namespace mortise::testing
