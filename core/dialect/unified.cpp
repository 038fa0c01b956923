// {success, error, message, timestamp, ...}: scheduler and sync sessions.
#include <algorithm>
#include <array>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/dialect/family.hpp"
#include "core/dialect/rendering.hpp"

namespace mortise::dialect {
namespace {

constexpr std::string_view kName = "unified";
constexpr int kInvalidStatus = 400;  // the family has no 422
constexpr std::string_view kErrorSchema =
    R"({"type":"object","required":["success","error","error_id","category","severity","message_code","message","timestamp","recoverable","suggestions","context"],"properties":{
  "success":{"type":"boolean","enum":[false]},"error":{"type":"boolean","enum":[true]},"error_id":{"type":"string"},
  "category":{"type":"string"},"severity":{"type":"string","enum":["low","medium","high","critical"]},
  "message_code":{"type":"string"},"message":{"type":"string"},"timestamp":{"type":"string","format":"date-time"},
  "recoverable":{"type":"boolean"},"suggestions":{"type":"array","items":{"type":"string"}},
  "context":{"type":"object"},"extra":{"type":"object"}
}})";
constexpr std::string_view kErrorHeaders =
    R"("X-RateLimit-Limit":{"description":"With 429: requests that a window allows","schema":{"type":"integer"}},)"
    R"("X-RateLimit-Remaining":{"description":"With 429: how many are left","schema":{"type":"integer"}},)"
    R"("X-RateLimit-Reset":{"description":"With 429: when there is room again, in seconds since 1970","schema":{"type":"integer"}})";
constexpr std::string_view kErrorExamples = R"({
  "notSignedIn":{"value":{"success":false,"error":true,"error_id":"5f0c1f5e6a0f4b529d5b0f6f7c2f9c11","category":"authentication","severity":"medium","message_code":"AUTHENTICATION_REQUIRED","message":"Please sign in","timestamp":"2026-01-08T08:14:00.123456+00:00","recoverable":true,"suggestions":["Sign in again","Check that the credentials are valid"],"context":{"request_id":"req_4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f","user_id":null,"url":"https://api.example.com/api/v1/scheduler/jobs","method":"GET","meta":{}}}},
  "invalid":{"value":{"success":false,"error":true,"error_id":"5f0c1f5e6a0f4b529d5b0f6f7c2f9c11","category":"validation","severity":"low","message_code":"VALIDATION_ERROR","message":"limit: must be an integer","timestamp":"2026-01-08T08:14:00.123456+00:00","recoverable":true,"suggestions":["Check the input","Correct the request parameters as told"],"context":{"request_id":"req_4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f","user_id":7,"url":"https://api.example.com/api/v1/scheduler/jobs","method":"GET","meta":{}}}}
})";

struct Kind {
  std::string_view key;  // problem code
  std::string_view messageCode, category, severity;
};

// Codes whose kind differs from that of their status.
constexpr std::array<Kind, 17> kByCode = {{
    {"route_not_found", "INVALID_REQUEST", "business", "medium"},
    {"invalid_credentials", "INVALID_CREDENTIALS", "authentication", "medium"},
    {"invalid_old_password", "INVALID_OLD_PASSWORD", "authentication", "medium"},
    {"account_disabled", "ACCOUNT_DISABLED", "authorization", "medium"},
    {"csrf_missing", "CSRF_MISSING", "authorization", "medium"},
    {"csrf_invalid", "CSRF_INVALID", "authorization", "medium"},
    {"password_mismatch", "PASSWORD_MISMATCH", "validation", "low"},
    {"password_duplicated", "PASSWORD_DUPLICATED", "validation", "low"},
    {"password_invalid", "PASSWORD_INVALID", "validation", "low"},
    {"job_not_builtin", "FORBIDDEN", "validation", "low"},
    {"database_query_error", "DATABASE_QUERY_ERROR", "database", "high"},
    {"task_execution_failed", "TASK_EXECUTION_FAILED", "external", "high"},
    {"bad_request", "INVALID_REQUEST", "business", "medium"},
    {"length_required", "INVALID_REQUEST", "business", "medium"},
    {"uri_too_long", "INVALID_REQUEST", "business", "medium"},
    {"headers_too_large", "INVALID_REQUEST", "business", "medium"},
    {"not_acceptable", "INVALID_REQUEST", "business", "medium"},
}};

Kind byStatus(int status) {
  switch (status) {
    case 400:
    case 422:
      return {{}, "VALIDATION_ERROR", "validation", "low"};
    case 401:
      return {{}, "AUTHENTICATION_REQUIRED", "authentication", "medium"};
    case 403:
      return {{}, "PERMISSION_REQUIRED", "authorization", "medium"};
    case 404:
      return {{}, "RESOURCE_NOT_FOUND", "business", "low"};
    case 409:
      return {{}, "CONSTRAINT_VIOLATION", "business", "medium"};
    case 429:
      return {{}, "RATE_LIMIT_EXCEEDED", "security", "medium"};
    case 502:
      return {{}, "TASK_EXECUTION_FAILED", "external", "high"};
    case 503:
      return {{}, "SERVICE_UNAVAILABLE", "system", "high"};
    case 504:
      return {{}, "REQUEST_TIMEOUT", "system", "high"};
    default:
      break;
  }
  if (status >= 500) return {{}, "INTERNAL_ERROR", "system", "high"};
  return {{}, "INVALID_REQUEST", "business", "medium"};
}

Kind kindOf(const Problem& problem) {
  for (const auto& kind : kByCode) {
    if (kind.key == problem.code) return kind;
  }
  return byStatus(problem.status);
}

bool isOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

class Unified final : public Dialect {
 public:
  explicit Unified(MessagesPtr messages) : messages_(std::move(messages)) {}

  Rendered success(int status, std::string data, const SuccessText& said, const Context& context) const override {
    Rendered out;
    out.status = status;
    const auto text = messages_->text(kName, said.code.empty() ? "success" : said.code, context.language, said.params);
    ObjectWriter object(out.body);
    object.boolean("success", true)
        .boolean("error", false)
        .text("message", text)
        .text("timestamp", isoOffset(nowMicros()));
    if (!data.empty()) object.raw("data", data);
    object.end();
    return out;
  }

  Rendered error(const Problem& problem, const Context& context) const override {
    Kind kind = kindOf(problem);
    // `details` may contain the three members itself; its others become `extra`.
    json::Document details;
    json::ParseError ignored;
    if (problem.details.empty() || !json::parse(problem.details, details, ignored) || !details.IsObject())
      details.SetObject();
    kind.messageCode = json::textMember(details, "message_code", kind.messageCode);
    kind.category = json::textMember(details, "category", kind.category);
    kind.severity = json::textMember(details, "severity", kind.severity);

    Rendered out;
    out.status = problem.status == 422 ? kInvalidStatus : problem.status;
    ObjectWriter object(out.body);
    object.boolean("success", false).boolean("error", true).text("error_id", text::hex(randomBytes(16)));
    object.text("category", kind.category).text("severity", kind.severity).text("message_code", kind.messageCode);
    object.text("message", textOf(problem, context.language)).text("timestamp", isoOffset(nowMicros()));
    object.boolean("recoverable", isOneOf(kind.severity, {"low", "medium"}));
    object.raw("suggestions", suggestions(kind.category, context.language)).raw("context", about(context));
    if (problem.status == 429) limitFields(problem, details, out);
    if (const auto extra = rest(details); !extra.empty()) object.raw("extra", extra);
    object.end();
    addFields(out, problem, context);
    return out;
  }

 private:
  // The text of a missing permission contains its verb: "view" for "scheduler.view".
  std::string textOf(const Problem& problem, std::string_view language) const {
    const auto named = std::find_if(problem.params.begin(), problem.params.end(),
                                    [](const auto& param) { return param.first == "permission"; });
    if (problem.code != "forbidden" || named == problem.params.end())
      return problemText(*messages_, kName, problem, language);
    const std::string_view permission = named->second;
    const auto verb = permission.substr(permission.rfind('.') + 1);
    return messages_->text(kName, "forbidden.permission", language, {{"permission", std::string(verb)}});
  }

  std::string suggestions(std::string_view category, std::string_view language) const {
    const bool known = isOneOf(category, {"validation", "business", "authentication", "authorization", "security",
                                          "database", "external", "network"});
    const auto key = "suggestions." + std::string(known ? category : "system");
    return "[" + json::quoted(messages_->text(kName, key + ".1", language)) + "," +
           json::quoted(messages_->text(kName, key + ".2", language)) + "]";
  }

  static std::string about(const Context& context) {
    std::string meta;
    ObjectWriter inner(meta);
    if (!context.clientAddress.empty()) inner.text("ip_address", context.clientAddress);
    inner.end();
    std::string out;
    ObjectWriter object(out);
    object.textOrNull("request_id", context.requestId)
        .raw("user_id", context.userNumber > 0 ? std::to_string(context.userNumber) : "null");
    object.text("url", context.url).text("method", context.method).raw("meta", meta);
    object.end();
    return out;
  }

  // Clients of this family read rate limits from header fields; the body says nothing of them.
  static void limitFields(const Problem& problem, json::Document& details, Rendered& out) {
    const auto* limit = json::member(details, "limit");
    if (limit != nullptr && limit->IsInt64()) {
      out.fields.emplace_back("X-RateLimit-Limit", std::to_string(limit->GetInt64()));
      out.fields.emplace_back("X-RateLimit-Remaining", "0");
      const auto reset = nowMicros() / 1'000'000 + std::max(1, problem.retryAfter);
      out.fields.emplace_back("X-RateLimit-Reset", std::to_string(reset));
    }
    for (const char* name : {"retry_after", "limit", "window_seconds", "bucket"}) details.RemoveMember(name);
  }

  static std::string rest(const json::Document& details) {
    std::string out;
    ObjectWriter object(out);
    bool any = false;
    for (const auto& entry : details.GetObject()) {
      if (isOneOf(json::view(entry.name), {"message_code", "category", "severity"})) continue;
      object.raw(json::view(entry.name), json::toText(entry.value));
      any = true;
    }
    object.end();
    return any ? out : std::string();
  }

  MessagesPtr messages_;
};

std::string successSchema(const std::string& data) {
  return R"({"type":"object","required":["success","error","message","timestamp")" +
         std::string(data.empty() ? "" : R"(,"data")") +
         R"(],"properties":{"success":{"type":"boolean","enum":[true]},"error":{"type":"boolean","enum":[false]},)"
         R"("message":{"type":"string"},"timestamp":{"type":"string","format":"date-time"})" +
         (data.empty() ? "" : R"(,"data":)" + data) + "}}";
}

std::string successExample(const std::string& data) {
  return R"({"success":true,"error":false,"message":"OK","timestamp":"2026-01-08T08:14:00.123456+00:00","data":)" +
         data + "}";
}

}  // namespace

const Family& unifiedFamily() {
  static const Family family = [] {
    using C = Check;
    Family own;
    own.conventions.dialect = kName;
    own.conventions.language = "zh-CN";
    own.conventions.checks = {C::limitIp, C::csrf, C::principal, C::permission, C::limitUser, C::syntax, C::shape};
    own.csrfByDefault = true;
    own.prefixes = {"/api/v1/scheduler", "/api/v1/sync-sessions"};
    own.requestIdPrefix = "req_";
    own.acceptsRequestId = [](std::string_view id) {
      const auto isAlphanumeric = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      };
      return !id.empty() && id.size() <= 128 && isAlphanumeric(id.front()) &&
             std::all_of(id.begin(), id.end(),
                         [&](char c) { return isAlphanumeric(c) || c == '_' || c == '.' || c == ':' || c == '-'; });
    };
    own.anyContentType = true;
    own.invalidStatus = kInvalidStatus;
    own.title = "Consoles";
    own.audience = "for pages in a browser; every answer is `{success, error, message, timestamp, data}`.";
    own.error = {"UnifiedError", "application/json", kErrorSchema, kErrorExamples, kErrorHeaders};
    own.successSchema = successSchema;
    own.successExample = successExample;
    own.make = [](MessagesPtr messages) -> std::unique_ptr<Dialect> {
      return std::make_unique<Unified>(std::move(messages));
    };
    return own;
  }();
  return family;
}

}  // namespace mortise::dialect
