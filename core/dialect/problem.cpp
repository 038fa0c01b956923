// RFC 9457 problem details: the runtime API, and every path outside the families.
#include <utility>

#include "core/base/json.hpp"
#include "core/base/status_phrase.hpp"
#include "core/base/text.hpp"
#include "core/dialect/family.hpp"
#include "core/dialect/rendering.hpp"

namespace mortise::dialect {
namespace {

constexpr std::string_view kName = "problem";
constexpr std::string_view kErrorSchema =
    R"({"type":"object","description":"RFC 9457 problem details. Show detail to people; tell reasons apart by code.",
"required":["type","title","status","detail","instance","code","request_id"],"properties":{
  "type":{"type":"string","description":"Always about:blank."},
  "title":{"type":"string","description":"The phrase of the HTTP status."},
  "status":{"type":"integer"},
  "detail":{"type":"string","description":"What went wrong, in the language of the request."},
  "instance":{"type":"string","description":"The path of the request."},
  "code":{"type":"string","description":"Stable word for the reason, such as not_found."},
  "request_id":{"type":"string","description":"The same as the header X-Request-Id."},
  "retry_after":{"type":"integer","minimum":1,"description":"With 429: seconds to wait, as in Retry-After."},
  "errors":{"type":"array","description":"With 422: every field at fault, in order.","items":{
    "type":"object","required":["detail","loc"],"properties":{
      "detail":{"type":"string"},
      "pointer":{"type":"string","description":"JSON pointer into the body, as a fragment."},
      "loc":{"type":"array","items":{"oneOf":[{"type":"string"},{"type":"integer"}]},"description":"Where: body, query or path, then the name; a number is a place in a list."}}}}
}})";
constexpr std::string_view kErrorExamples = R"({
  "notSignedIn":{"value":{"type":"about:blank","title":"Unauthorized","status":401,"detail":"Not authenticated","instance":"/api/v1/users/me","code":"not_authenticated","request_id":"4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f"}},
  "refused":{"value":{"type":"about:blank","title":"Forbidden","status":403,"detail":"Access denied","instance":"/api/v1/users/ada","code":"forbidden","request_id":"4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f"}},
  "invalid":{"value":{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"Invalid request: email: must be an e-mail address","instance":"/api/v1/auth/sessions","code":"validation_failed","request_id":"4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f","errors":[{"detail":"must be an e-mail address","pointer":"#/email","loc":["body","email"]}]}},
  "tooMany":{"value":{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"Too many requests","instance":"/api/v1/auth/sessions","code":"rate_limited","request_id":"4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f","retry_after":42}}
})";

// This family has one code per kind of failure; a finer code ("user_not_found") only selects the text.
std::string_view familyCode(std::string_view code) {
  if (code.size() > 10 && code.substr(code.size() - 10) == "_not_found") return "not_found";
  if (code == "too_many_open") return "rate_limited";
  return code == "invalid_token" ? std::string_view("not_authenticated") : wireCode(code);
}

// "#/items/0/email", escaped as a JSON pointer in a URI fragment.
std::string pointer(const FieldError& error) {
  std::string out = "#";
  for (std::size_t i = 1; i < error.location.size(); ++i) {
    std::string part;
    for (const char c : error.location[i]) {
      if (c == '~') {
        part += "~0";
      } else if (c == '/') {
        part += "~1";
      } else {
        part += c;
      }
    }
    out += '/';
    out += text::percentEncode(part);
  }
  return out;
}

class ProblemDetails final : public Dialect {
 public:
  explicit ProblemDetails(MessagesPtr messages) : messages_(std::move(messages)) {}

  Rendered success(int status, std::string data, const SuccessText&, const Context&) const override {
    return bare(status, std::move(data));
  }

  Rendered error(const Problem& problem, const Context& context) const override {
    Rendered out;
    out.status = problem.status;
    out.contentType = "application/problem+json";
    ObjectWriter object(out.body);
    object.text("type", "about:blank").text("title", statusPhrase(problem.status)).number("status", problem.status);
    object.text("detail", problemText(*messages_, kName, problem, context.language)).text("instance", context.path);
    object.text("code", familyCode(problem.code));
    if (!problem.errors.empty()) object.raw("errors", errors(problem, context));
    if (problem.retryAfter > 0) object.number("retry_after", problem.retryAfter);
    object.text("request_id", context.requestId);
    addDetails(problem, object);
    object.end();
    addFields(out, problem, context);
    return out;
  }

 private:
  std::string errors(const Problem& problem, const Context& context) const {
    std::string out = "[";
    for (const auto& error : problem.errors) {
      if (out.size() > 1) out += ',';
      ObjectWriter one(out);
      one.text("detail", fieldText(*messages_, kName, error, context.language, false));
      if (!error.location.empty() && error.location.front() == "body") one.text("pointer", pointer(error));
      one.raw("loc", locationJson(error));
      one.end();
    }
    return out + "]";
  }

  static void addDetails(const Problem& problem, ObjectWriter& object) {
    if (problem.details.empty()) return;
    json::Document details;
    json::ParseError error;
    if (!json::parse(problem.details, details, error) || !details.IsObject()) return;
    for (const auto& entry : details.GetObject()) {
      const auto name = json::view(entry.name);
      static constexpr std::string_view kOwn[] = {"type", "title",  "status",      "detail",    "instance",
                                                  "code", "errors", "retry_after", "request_id"};
      bool reserved = false;
      for (const auto own : kOwn)
        reserved = reserved || (own == name && (own != "errors" || !problem.errors.empty()) &&
                                (own != "retry_after" || problem.retryAfter > 0));
      if (!reserved) object.raw(name, json::toText(entry.value));
    }
  }

  MessagesPtr messages_;
};

}  // namespace

const Family& problemFamily() {
  static const Family family = [] {
    using C = Check;
    Family own;
    own.conventions.dialect = kName;
    own.conventions.language = "zh-CN";
    own.prefixes = {"/api/v1/auth", "/api/v1/users", "/api/v1/agent-chats", "/api/v1/infra"};
    own.conventions.checks = {C::limitIp, C::csrf, C::principal, C::syntax, C::shape, C::permission, C::limitUser};
    own.title = "Runtime API";
    own.audience = "for new applications; answers are bare JSON, errors are problem details (RFC 9457).";
    own.error = {"ProblemDetails", "application/problem+json", kErrorSchema, kErrorExamples};
    own.make = [](MessagesPtr messages) -> std::unique_ptr<Dialect> {
      return std::make_unique<ProblemDetails>(std::move(messages));
    };
    return own;
  }();
  return family;
}

}  // namespace mortise::dialect
