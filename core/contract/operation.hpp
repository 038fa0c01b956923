// One operation of one contract, compiled from its OpenAPI document. Immutable after the start.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/problem.hpp"
#include "core/contract/document_source.hpp"
#include "core/dialect/family.hpp"
#include "core/services/limits/bucket.hpp"

namespace mortise::contract {

// A document declares rate limits; core/services/limits defines them.
using services::limits::Bucket;
using services::limits::BucketOverrides;
using services::limits::faultOf;
using services::limits::isTakenByHandlers;
using services::limits::numbersOf;
using services::limits::readOverride;

class Schema;  // schema.hpp

// password: a few threads of low priority with a queue of their own, for handlers that hash passwords.
enum class Lane : std::uint8_t { worker, loop, stream, password };

using dialect::Check;
using dialect::Conventions;

enum class In : std::uint8_t { path, query, header, cookie };

struct Parameter {
  std::string name;
  In in = In::query;
  bool required = false;
  bool repeated = false;                 // array: every occurrence counts
  bool lenient = false;                  // x-mortise-lenient-query: what can't be read counts as absent
  bool secret = false;                   // format: password -- the access log shows its name in place of its value
  std::shared_ptr<const Schema> schema;  // type integer/number/boolean/string; text is converted before it is checked
  std::string fallback;                  // default, as text; empty with hasFallback = false when none
  bool hasFallback = false;
};

struct Body {
  enum class Kind : std::uint8_t { none, json, multipart, raw, form };
  Kind kind = Kind::none;
  bool required = false;
  bool lenient = false;     // x-mortise-lenient-body: anything that is no JSON object counts as {} (unified family)
  std::uint64_t limit = 0;  // bytes; 0 = the server's http.max_body / http.max_upload
  bool limitsFile = false;  // the limit applies to each file part of a form, not to the body with its framing
  std::shared_ptr<const Schema> schema;
  std::vector<std::string> mediaTypes;  // accepted
};

struct Security {
  bool anonymous = false;  // security: []  (or {} among the alternatives: optional)
  bool optional = false;
  bool bearer = true;
  bool cookie = false;
  bool apiKey = false;
  std::string queryToken;  // x-mortise-query-token: name of the query parameter that may carry the token
};

struct Operation {
  std::string id;
  std::string module;  // "kernel" for our own
  std::string file;    // contracts/scheduler.yaml
  int line = 0;        // of the method in that file
  std::string method;  // GET, POST, ...; "WS" operations are GET with x-mortise-websocket: true
  std::string path;    // template: /api/v1/scheduler/jobs/{job_id}
  bool webSocket = false;
  bool closesRefused = false;  // x-mortise-websocket-refusal: close -- refusals come as close codes after the handshake
  Lane lane = Lane::worker;
  Conventions conventions;
  // x-mortise-cookie-dialect: for callers with a session cookie and without Authorization.
  std::optional<Conventions> cookieConventions;
  Security security;
  std::string permission;  // empty only when anonymous, or "authenticated": any signed-in caller (x-mortise-permission:
                           // authenticated)
  std::vector<std::string> scopes;  // x-mortise-scopes: each of them admits a service key
  std::string feature;              // x-mortise-feature: feature that the caller's tier must include; empty: none
  // x-mortise-csrf of the operation, else of the document. Default: operations that change state and accept a cookie,
  // or belong to a family with csrfByDefault.
  bool csrf = false;
  std::string invalidCode;  // x-mortise-invalid: problem code of a request that breaks its schemas, for families that
                            // promise one text; empty: validation_failed
  std::vector<std::string> soft;  // problem codes that go out with HTTP 200 (code_msg)
  std::vector<std::shared_ptr<const Bucket>> buckets;
  std::vector<Parameter> parameters;
  Body body;
  int timeoutSeconds = 0;  // 0 = http.request_timeout
  bool envelope = true;    // x-mortise-envelope: false leaves a success body as it is (files, pages, redirects)
  bool signIn = false;     // x-mortise-sign-in: the documentation names it as the way to get credentials of its family
};
using OperationPtr = std::shared_ptr<const Operation>;

// Compiles all operations of one document, and its buckets, with the operator's numbers where there are any. Throws
// std::runtime_error with one sentence: file:line, expected, found, what to do. An operation without
// x-mortise-permission and without `security: []` is refused (deny by default).
struct CompiledDocument {
  std::string module, file,
      prefix;  // x-mortise-prefix, or the longest common path prefix: errors before a route is known use its dialect
  Conventions conventions;
  std::vector<OperationPtr> operations;
  std::vector<std::shared_ptr<const Bucket>> buckets;  // all declared ones, custom included
  std::shared_ptr<const json::Document> document;
};
// `sizes`: the values of the module's options of type size, which x-mortise-body-limit may name. Null: unknown here,
// such limits stay 0.
using SizeOptions = std::map<std::string, std::uint64_t, std::less<>>;
CompiledDocument compile(const DocumentSource& source, const BucketOverrides& overrides = {},
                         const SizeOptions* sizes = nullptr,
                         const dialect::Families& families = dialect::Families::builtIn());

}  // namespace mortise::contract
