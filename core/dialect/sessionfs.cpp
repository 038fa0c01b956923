// {"error": {code, message, details}}: session sharing, projects, organisations.
#include <algorithm>
#include <utility>

#include "core/base/json.hpp"
#include "core/dialect/family.hpp"
#include "core/dialect/rendering.hpp"

namespace mortise::dialect {
namespace {

constexpr std::string_view kName = "sessionfs";
constexpr std::string_view kErrorSchema = R"({"type":"object","required":["error"],"properties":{
  "error":{"type":"object","required":["code","message","details"],"properties":{
    "code":{"type":"string","description":"The status, as text; a word in refusals that have one of their own."},
    "message":{"type":"string"},
    "details":{"type":"object","description":"Its `error` names the case, where a client needs to tell it apart."}}}
}})";
constexpr std::string_view kErrorExamples = R"({
  "notSignedIn":{"value":{"error":{"code":"401","message":"Missing or invalid API key","details":{}}}},
  "tooMany":{"value":{"error":{"code":"429","message":"Rate limit exceeded","details":{}}}}
})";

bool isOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// These carry their machine code in error.code; all others carry the status there.
bool codeLeads(std::string_view code) {
  return isOneOf(code, {"etag_mismatch", "payload_too_large", "rate_limit", "repo_already_linked", "last_repo",
                        "max_tokens_exceeded", "duplicate_resource", "missing_required_field",
                        "check_constraint_violation", "foreign_key_violation", "integrity_error"});
}

// Newer refusals carry it in error.code and, for clients of before, in error.details.error.
bool codeLeadsAndRepeats(std::string_view code) {
  return isOneOf(code, {"service_key_not_allowed",
                        "platform_admin_scope",
                        "unverified_domain",
                        "handoff_project_changed",
                        "concurrent_update",
                        "encryption_unavailable",
                        "invalid_if_match",
                        "too_many_pending_uploads",
                        "invalid_part_number",
                        "part_size_mismatch",
                        "part_hash_mismatch",
                        "upload_not_pending",
                        "upload_expired",
                        "upload_busy",
                        "upload_completing",
                        "already_completed",
                        "missing_parts",
                        "sha256_mismatch",
                        "size_mismatch",
                        "unknown_provider",
                        "invalid_gitlab_instance_url",
                        "github_claim_disabled",
                        "github_claim_requires_oauth",
                        "project_edit_forbidden",
                        "personas_stranded",
                        "represented_user_not_member",
                        "group_compile_disabled",
                        "sod_mutual_exclusion"});
}

// Answers of database constraints repeat their status.
bool tellsStatus(std::string_view code) {
  return isOneOf(code, {"duplicate_resource", "missing_required_field", "check_constraint_violation",
                        "foreign_key_violation", "integrity_error"});
}

// These carry their machine code in error.details.error. A code with its own details is structured as well.
bool structured(std::string_view code) {
  return isOneOf(code, {"api_key_revoked",
                        "api_key_expired",
                        "service_key_rests",
                        "insufficient_scope",
                        "cross_org_denied",
                        "project_not_in_allowlist",
                        "service_key_missing_org",
                        "service_key_project_required",
                        "service_key_project_not_registered",
                        "service_key_project_ambiguous",
                        "sso_enforcement_required",
                        "upgrade_required",
                        "insufficient_role",
                        "seat_limit",
                        "storage_limit",
                        "dlp_blocked",
                        "admin_required",
                        "org_member_restriction",
                        "claim_race_lost",
                        "stale_lease_epoch",
                        "key_already_revoked",
                        "already_subscribed",
                        "resolution_loop",
                        "project_merged",
                        "session_too_large",
                        "identity_required",
                        "service_key_not_in_org",
                        "user_not_org_member",
                        "project_not_in_org",
                        "sync_rate_limit"});
}

// Clients of the family know the words of the library that its first servers were built with. What is no word of theirs
// is told as "value_error"; `msg` says more.
std::string_view wireType(const FieldError& error) {
  std::string_view rule = error.rule;
  if (rule == "null_forbidden" && !error.params.empty()) rule = error.params.front().second;  // what it should be
  if (rule == "int_type") return "int_parsing";
  if (rule == "bool_type") return "bool_parsing";
  if (rule == "object_type") return "model_attributes_type";
  const bool known = isOneOf(rule, {"missing", "json_invalid", "string_type", "string_too_short", "string_too_long",
                                    "string_pattern_mismatch", "greater_than_equal", "less_than_equal", "int_parsing",
                                    "bool_parsing", "literal_error", "too_short", "too_long"});
  return known ? rule : "value_error";
}

class Sessionfs final : public Dialect {
 public:
  explicit Sessionfs(MessagesPtr messages) : messages_(std::move(messages)) {}

  Rendered success(int status, std::string data, const SuccessText&, const Context&) const override {
    return bare(status, std::move(data));
  }

  Rendered error(const Problem& problem, const Context& context) const override {
    Rendered out;
    out.status = problem.status;
    std::string code = std::to_string(problem.status);
    if (codeLeads(problem.code) || codeLeadsAndRepeats(problem.code))
      code = problem.code == "payload_too_large" ? "PAYLOAD_TOO_LARGE" : problem.code;
    std::string inner;
    ObjectWriter(inner)
        .text("code", code)
        .text("message", problemText(*messages_, kName, problem, context.language))
        .raw("details", details(problem, context))
        .end();
    ObjectWriter(out.body).raw("error", inner).end();
    addFields(out, problem, context);
    return out;
  }

 private:
  std::string details(const Problem& problem, const Context& context) const {
    if (!problem.errors.empty()) return "{\"errors\":" + errors(problem, context) + "}";
    if (problem.code == "rate_limited") return "{}";  // a plain answer in this family; Retry-After has the time
    json::Document own;
    json::ParseError error;
    if (problem.details.empty() || !json::parse(problem.details, own, error) || !own.IsObject()) own.SetObject();
    std::string out;
    ObjectWriter object(out);
    if (codeLeads(problem.code)) {
      if (tellsStatus(problem.code)) object.number("status", problem.status);
    } else if (structured(problem.code) || codeLeadsAndRepeats(problem.code) || !own.ObjectEmpty()) {
      object.text("error", wireCode(problem.code));
    }
    for (const auto& entry : own.GetObject()) {
      if (json::view(entry.name) != "error") object.raw(json::view(entry.name), json::toText(entry.value));
    }
    object.end();
    return out;
  }

  std::string errors(const Problem& problem, const Context& context) const {
    std::string out = "[";
    for (const auto& error : problem.errors) {
      if (out.size() > 1) out += ',';
      ObjectWriter one(out);
      one.text("type", wireType(error))
          .raw("loc", locationJson(error))
          .text("msg", fieldText(*messages_, kName, error, context.language, false));
      one.raw("input", "null");  // the shape needs the member; values of the client are never echoed
      if (!error.params.empty() && error.rule != "null_forbidden") {
        std::string values;
        ObjectWriter object(values);
        for (const auto& [name, value] : error.params) object.text(name, value);
        object.end();
        one.raw("ctx", values);
      }
      one.end();
    }
    return out + "]";
  }

  MessagesPtr messages_;
};

}  // namespace

const Family& sessionfsFamily() {
  static const Family family = [] {
    using C = Check;
    Family own;
    own.conventions.dialect = kName;
    own.conventions.language = "en";
    own.prefixes = {"/api/v1"};
    own.conventions.checks = {C::syntax, C::limitIp, C::csrf, C::principal, C::limitUser, C::permission, C::shape};
    own.conventions.impliedMethods = false;
    own.anyContentType = true;
    own.wholeNumbersAsText = true;
    own.title = "Session sharing";
    own.audience =
        "for command-line tools and services; answers are bare JSON, errors are `{error: {code, message, details}}`.";
    own.error = {"SessionfsError", "application/json", kErrorSchema, kErrorExamples};
    own.make = [](MessagesPtr messages) -> std::unique_ptr<Dialect> {
      return std::make_unique<Sessionfs>(std::move(messages));
    };
    return own;
  }();
  return family;
}

}  // namespace mortise::dialect
