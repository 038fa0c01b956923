// {code, msg, data}: the agent platform.
#include <algorithm>
#include <utility>

#include "core/base/json.hpp"
#include "core/dialect/family.hpp"
#include "core/dialect/rendering.hpp"

namespace mortise::dialect {
namespace {

constexpr std::string_view kName = "code_msg";
constexpr std::string_view kErrorSchema = R"({"type":"object","required":["code","msg","data"],"properties":{
  "code":{"type":"integer"},"msg":{"type":"string"},"data":{"nullable":true,"type":"object"},
  "detail":{"type":"array","items":{"type":"object"}}
}})";
constexpr std::string_view kErrorExamples = R"({
  "notSignedIn":{"value":{"code":401,"msg":"Not authenticated","data":{}}},
  "refused":{"value":{"code":403,"msg":"Access denied","data":{}}},
  "invalid":{"value":{"code":422,"msg":"email: must be an e-mail address","data":{"errors":[{"type":"email","loc":["body","email"],"msg":"email: must be an e-mail address"}]},"detail":[{"type":"email","loc":["body","email"],"msg":"email: must be an e-mail address"}]}},
  "tooMany":{"value":{"code":429,"msg":"Too many requests","data":{"retry_after":42,"limit":20,"window_seconds":300,"bucket":"auth"}}}
})";

constexpr std::string_view kSoftFailureSchema = R"({"type":"object",
  "description":"A failure that goes out with HTTP 200","required":["code","msg","data"],"properties":{
  "code":{"type":"integer","enum":[400,401,403,404,405,409,410,412,413,415,422,423,429,500,501,502,503,504,507]},
  "msg":{"type":"string"},
  "data":{"nullable":true,"type":"object"}
}})";

class CodeMsg final : public Dialect {
 public:
  explicit CodeMsg(MessagesPtr messages) : messages_(std::move(messages)) {}

  Rendered success(int status, std::string data, const SuccessText& said, const Context& context) const override {
    Rendered out;
    out.status = status;
    const auto text = messages_->text(kName, said.code.empty() ? "success" : said.code, context.language, said.params);
    ObjectWriter(out.body)
        .number("code", 200)
        .text("msg", text)
        .raw("data", data.empty() ? "null" : std::string_view(data))
        .end();
    return out;
  }

  Rendered error(const Problem& problem, const Context& context) const override {
    const bool soft = context.soft != nullptr &&
                      std::find(context.soft->begin(), context.soft->end(), problem.code) != context.soft->end();
    Rendered out;
    out.status = soft ? 200 : problem.status;
    ObjectWriter object(out.body);
    object.number("code", problem.status);
    if (!problem.errors.empty()) {
      // Clients of the old server read `detail`, all others `data`: both are sent.
      const auto list = errors(problem, context);
      object.text("msg", fieldText(*messages_, kName, problem.errors.front(), context.language, true));
      object.raw("data", "{\"errors\":" + list + "}").raw("detail", list);
    } else {
      object.text("msg", messages_->text(kName, problem.code, context.language, problem.params));
      object.raw("data", data(problem, soft));
    }
    object.end();
    addFields(out, problem, context);
    return out;
  }

 private:
  std::string errors(const Problem& problem, const Context& context) const {
    std::string out = "[";
    for (const auto& error : problem.errors) {
      if (out.size() > 1) out += ',';
      const auto text = fieldText(*messages_, kName, error, context.language, true);
      ObjectWriter(out).text("type", error.rule).raw("loc", locationJson(error)).text("msg", text).end();
    }
    return out + "]";
  }

  static std::string data(const Problem& problem, bool soft) {
    if (problem.status != 429 || problem.retryAfter <= 0)
      return !problem.details.empty() ? problem.details : soft ? "null" : "{}";
    std::string out;
    ObjectWriter object(out);
    object.number("retry_after", problem.retryAfter);
    json::Document details;
    json::ParseError error;
    if (!problem.details.empty() && json::parse(problem.details, details, error) && details.IsObject()) {
      for (const auto& entry : details.GetObject()) {
        if (json::view(entry.name) != "retry_after") object.raw(json::view(entry.name), json::toText(entry.value));
      }
    }
    object.end();
    return out;
  }

  MessagesPtr messages_;
};

std::string successSchema(const std::string& data) {
  return R"({"type":"object","required":["code","msg","data"],"properties":{"code":{"type":"integer","enum":[200]},)"
         R"("msg":{"type":"string"},"data":)" +
         (data.empty() ? R"({"type":"object","nullable":true,"enum":[null]})" : data) + "}}";
}

std::string successExample(const std::string& data) { return R"({"code":200,"msg":"success","data":)" + data + "}"; }

}  // namespace

const Family& codeMsgFamily() {
  static const Family family = [] {
    using C = Check;
    Family own;
    own.conventions.dialect = kName;
    own.conventions.language = "zh-CN";
    own.prefixes = {"/api"};
    own.conventions.checks = {C::csrf, C::principal, C::permission, C::limitIp, C::limitUser, C::syntax, C::shape};
    own.conventions.plainDownloadNames = false;
    own.title = "Agent platform";
    own.audience = "for its own web client and tools; every answer is `{code, msg, data}`.";
    own.error = {"CodeMsgError", "application/json", kErrorSchema, kErrorExamples};
    own.successSchema = successSchema;
    own.successExample = successExample;
    own.softFailureSchema = kSoftFailureSchema;
    own.make = [](MessagesPtr messages) -> std::unique_ptr<Dialect> {
      return std::make_unique<CodeMsg>(std::move(messages));
    };
    return own;
  }();
  return family;
}

}  // namespace mortise::dialect
