// What an API family is, in one value: its name, its conventions, its envelope, and how its errors look in
// /openapi.json. Each family of the kernel is one file that defines one; all other code reads the value and compares no
// names. A further family is its file and its line in families.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/dialect/conventions.hpp"
#include "core/dialect/dialect.hpp"

namespace mortise::dialect {

using MessagesPtr = std::shared_ptr<const Messages>;

// The response that /openapi.json adds to operations for errors that the kernel answers.
struct ErrorShape {
  std::string_view component;  // name under components/responses; the schema is Mortise_<component>
  std::string_view mediaType;
  std::string_view schema;    // JSON text
  std::string_view examples;  // JSON text: an object of OpenAPI examples
};

struct Family {
  // Of documents and operations that change nothing; `family` is set by Families.
  Conventions conventions;
  // For people who read /docs: its name, and a sentence that says for whom it is and what its answers look like
  // (CommonMark). Without a title the family is not introduced there.
  std::string_view title;
  std::string_view audience;
  // Operations that change state ask for a CSRF token unless the contract says otherwise (operations that let a cookie
  // in do so in every family).
  bool csrfByDefault = false;
  // A JSON body is read whatever its Content-Type says: clients of the family send odd ones, or none.
  bool anyContentType = false;
  // Status of a request that breaks its schemas.
  int invalidStatus = 422;
  ErrorShape error;
  // The schema, and an example, of the body of a success around those of its data (JSON text; empty: no data). Null for
  // a family that sends the data itself, or whose body is known to its module only.
  std::string (*successSchema)(const std::string& data) = nullptr;
  std::string (*successExample)(const std::string& data) = nullptr;
  // Makes the envelope. Null only in the family of templates, whose envelopes are made from data.
  std::unique_ptr<Dialect> (*make)(MessagesPtr messages) = nullptr;

  std::string_view name() const { return conventions.dialect; }
};

// The families that a server has. Immutable once contracts are compiled with it; then thread-safe.
class Families {
 public:
  // problem, code_msg, unified, sessionfs. Lives as long as the program.
  static const Families& builtIn();
  // What third parties' templates have in common (module.yaml: dialects).
  static const Family& ofTemplates();

  // `family` must outlive this object and every contract compiled with it. The first one added also serves where no
  // contract says anything. Throws std::logic_error when the name is taken.
  void add(const Family& family);
  // Conventions of the family of that name; an unknown name is that of a template. `dialect` is the name, `family` set.
  Conventions conventions(std::string_view name) const;
  const Family& fallback() const { return *families_.front(); }
  const std::vector<const Family*>& all() const { return families_; }

 private:
  std::vector<const Family*> families_;
};

}  // namespace mortise::dialect
