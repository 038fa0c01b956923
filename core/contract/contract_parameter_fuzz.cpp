// Arbitrary bytes in a path, a parameter or a body: no crash, no endless work, and errors that point into the request.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/contract/parameters.hpp"
#include "core/contract/route_table.hpp"
#include "core/contract/schema_compiler.hpp"

namespace {

using namespace mortise;
using namespace mortise::contract;

// A small contract that uses each keyword once.
constexpr std::string_view kDocument =
    R"({"openapi":"3.0.3","info":{"title":"f","version":"1"},"x-mortise-both-slashes":true,"paths":{
"/a/{id:proj_*}":{"get":{"operationId":"a","security":[],"responses":{},"parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string","pattern":"^proj_[0-9a-f]{1,16}$"}}]}},
"/a/{x}/b/{rest...}":{"get":{"operationId":"b","security":[],"x-mortise-decoded-slash":true,"responses":{},"parameters":[{"name":"x","in":"path","required":true,"schema":{"type":"string","format":"uuid"}},{"name":"rest","in":"path","required":true,"schema":{"type":"string"}}]}},
"/a/{x}":{"post":{"operationId":"c","security":[],"responses":{},"parameters":[{"name":"x","in":"path","required":true,"schema":{"type":"string"}},
 {"name":"n","in":"query","schema":{"type":"integer","minimum":1,"maximum":100}},{"name":"d","in":"query","schema":{"type":"number"}},{"name":"f","in":"query","schema":{"type":"boolean"}},
 {"name":"e","in":"query","schema":{"type":"string","format":"email","maxLength":40}},{"name":"t","in":"query","schema":{"type":"string","format":"date-time"}},{"name":"u","in":"query","schema":{"type":"string","format":"uri"}},
 {"name":"l","in":"query","schema":{"type":"array","maxItems":3,"uniqueItems":true,"items":{"type":"string","pattern":"^(a|b)+$|^[^c]{2,}\\b"}}}],
 "requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Tree"}}}}}}},
"components":{"schemas":{"Tree":{"type":"object","required":["name"],"additionalProperties":false,"properties":{"name":{"type":"string","minLength":1,"maxLength":8},"size":{"type":"integer","multipleOf":3,"nullable":true},
 "kind":{"type":"string","enum":["x","y"]},"children":{"type":"array","maxItems":4,"uniqueItems":true,"items":{"$ref":"#/components/schemas/Tree"}},"any":{},"map":{"type":"object","additionalProperties":{"type":"number","exclusiveMinimum":true,"minimum":0}},
 "one":{"oneOf":[{"type":"string"},{"$ref":"#/components/schemas/Tree"}]}}}}}})";

const RouteTable& table() {
  static const RouteTable routes([] {
    std::vector<CompiledDocument> documents;
    documents.push_back(compile({"fuzz", "fuzz.yaml", std::string(kDocument), {}}));
    return documents;
  }());
  return routes;
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// First line: a path. The rest: one parameter's text and a body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = input.find('\n');
  const auto path = input.substr(0, line);
  const auto rest = line == std::string_view::npos ? std::string_view() : input.substr(line + 1);

  for (const auto* method : {"GET", "HEAD", "POST"}) {
    const auto match = table().match(method, path);
    require(match.conventions != nullptr);
    require((match.kind == Match::Kind::found) == (match.operation != nullptr));
    require((match.kind == Match::Kind::methodNotAllowed) == !match.allow.empty());
    for (const auto& [name, value] : match.captured)
      require(!name.empty() && !value.empty() && value.find('\0') == std::string::npos && value != "..");
  }

  for (const auto& operation : table().operations()) {
    for (const auto& parameter : operation->parameters) {
      json::Document into;
      std::vector<FieldError> errors;
      const bool good = readParameter(parameter, {rest}, into, into.GetAllocator(), errors);
      require(good == errors.empty());
      for (const auto& error : errors) require(error.location.size() >= 2 && error.location[1] == parameter.name);
    }
    if (operation->body.schema == nullptr) continue;
    json::Document body;
    json::ParseError failure;
    if (!json::parse(rest, body, failure)) continue;
    std::vector<std::string> location = {"body"};
    std::vector<FieldError> errors;
    operation->body.schema->check(body, location, errors);
    require(location.size() == 1 && errors.size() <= 100);
    for (const auto& error : errors) require(error.location.front() == "body" && !error.rule.empty());
  }
  return 0;
}
