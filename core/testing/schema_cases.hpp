// What an OpenAPI schema takes and what it refuses, as JSON texts made from the schema alone. Knows nothing of the
// validator: what it says here is what the contract promises its clients.
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
  // `root`: the document that local $refs lead into; it outlives this object.
  explicit SchemaCases(const json::Value& root) : root_(root) {}

  // The schema that a local $ref leads to, or the value itself.
  const json::Value& resolve(const json::Value& schema) const;

  // A value that the schema takes: its example, default or first enum value, else the smallest that keeps its rules; of
  // an object only what is required. A pattern that none of the usual texts fits needs an `example` in the contract.
  std::string example(const json::Value& schema) const;

  // One value per rule that can be broken, each otherwise as example() says: every other type, every bound crossed, a
  // value beside the enum, a text that misses pattern or format, required members left out, unknown ones where none are
  // allowed; the same for the members and items inside. Bounds above kMaxUnits are not crossed: such a request would be
  // refused for its size.
  std::vector<Breach> breaches(const json::Value& schema) const;

  static constexpr std::size_t kMaxUnits = 100'000;

 private:
  using Schemas = std::vector<const json::Value*>;
  struct Member {
    std::string name;
    const json::Value* schema;  // null: only required, not described
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

  // Of the schema and everything that allOf adds, and of the first branch of oneOf or anyOf; required ones joined.
  std::vector<Member> members(const json::Value& schema) const;
  void collectMembers(const json::Value& schema, std::vector<Member>& out, int depth) const;
  bool isClosed(const json::Value& schema) const;
  // The values of the required members, as (name, JSON).
  std::vector<std::pair<std::string, std::string>> requiredMembers(const json::Value& schema, int depth) const;

  const json::Value& root_;
};

}  // namespace mortise::testing
