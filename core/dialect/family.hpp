// An API family as one value: its name, its conventions, its envelope, and the form of its errors in /openapi.json.
// Each family of the kernel is one file that defines one value; all other code reads the value and compares no names. A
// further family is its file and its line in families.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/dialect/conventions.hpp"
#include "core/dialect/dialect.hpp"

namespace mortise::dialect {

using MessagesPtr = std::shared_ptr<const Messages>;

// The response that /openapi.json adds to operations for the kernel's own errors.
struct ErrorShape {
  std::string_view component;  // name under components/responses; the schema is Mortise_<component>
  std::string_view mediaType;
  std::string_view schema;    // JSON text
  std::string_view examples;  // JSON text: an object of OpenAPI examples
  // JSON text: what stands in an object of OpenAPI headers beside Retry-After, which every family sends; may be empty.
  std::string_view headers = {};
};

struct Family {
  // Defaults of documents and operations; Families sets `family`.
  Conventions conventions;
  // For readers of /docs: the family's name, and a sentence on its clients and the form of its answers (CommonMark).
  // Without a title the family is not introduced there.
  std::string_view title;
  std::string_view audience;
  // Operations that change state need a CSRF token unless the contract says no (in every family, operations that accept
  // a cookie need one).
  bool csrfByDefault = false;
  // Reads a JSON body whatever its Content-Type: clients of the family send wrong ones, or none.
  bool anyContentType = false;
  // Takes a whole number in a JSON body that comes as text ("30") where the schema wants an integer.
  bool wholeNumbersAsText = false;
  // What lies below these is the family's where no route matches and no contract says more: see RouteTable.
  std::vector<std::string_view> prefixes;
  // Before the 32 hex digits of an id that the server gives a request.
  std::string_view requestIdPrefix;
  // Which ids of clients its answers carry. Null: every one that the server reads as an id (core/http).
  bool (*acceptsRequestId)(std::string_view id) = nullptr;
  // Status for a request that breaks its schemas.
  int invalidStatus = 422;
  ErrorShape error;
  // The schema, and an example, of a success body around the schema of its data (JSON text; empty: no data). Null for a
  // family that sends the bare data, or whose body only its module knows.
  std::string (*successSchema)(const std::string& data) = nullptr;
  std::string (*successExample)(const std::string& data) = nullptr;
  // The schema of a failure that goes out with HTTP 200 (x-mortise-soft), as JSON text; empty in families that have none.
  std::string_view softFailureSchema = {};
  // Creates the envelope. Null only in the family of templates, whose envelopes are built from data.
  std::unique_ptr<Dialect> (*make)(MessagesPtr messages) = nullptr;

  std::string_view name() const { return conventions.dialect; }
};

// The families of a server. Immutable once contracts are compiled with it; then thread-safe.
class Families {
 public:
  // problem, code_msg, unified, sessionfs. Lives as long as the program.
  static const Families& builtIn();
  // The common part of third parties' templates (module.yaml: dialects).
  static const Family& ofTemplates();

  // `family` must outlive this object and every contract compiled with it. The first family added is also the default
  // where no contract applies. Throws std::logic_error when the name is taken.
  void add(const Family& family);
  // Conventions of the family of that name; an unknown name is the name of a template. Sets `dialect` to the name, and
  // `family`.
  Conventions conventions(std::string_view name) const;
  const Family& fallback() const { return *families_.front(); }
  const std::vector<const Family*>& all() const { return families_; }

 private:
  std::vector<const Family*> families_;
};

}  // namespace mortise::dialect
