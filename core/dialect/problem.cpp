// RFC 9457 problem details: the runtime API, and everything outside the families.
#include <utility>

#include "core/base/json.hpp"
#include "core/base/status_phrase.hpp"
#include "core/base/text.hpp"
#include "core/dialect/families.hpp"

namespace mortise::dialect {
namespace {

constexpr std::string_view kName = "problem";

// This family promises one code per kind of failure; finer ones ("user_not_found") only choose the text.
std::string_view familyCode(std::string_view code) {
  if (code.size() > 10 && code.substr(code.size() - 10) == "_not_found") return "not_found";
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
      bool taken = false;
      for (const auto own : kOwn)
        taken = taken || (own == name && (own != "errors" || !problem.errors.empty()) &&
                          (own != "retry_after" || problem.retryAfter > 0));
      if (!taken) object.raw(name, json::toText(entry.value));
    }
  }

  MessagesPtr messages_;
};

}  // namespace

std::unique_ptr<Dialect> makeProblem(MessagesPtr messages) {
  return std::make_unique<ProblemDetails>(std::move(messages));
}

}  // namespace mortise::dialect
