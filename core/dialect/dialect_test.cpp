// One exact body per family and class of error. <id> and <time> replace the parts that change from run to run.
#include "core/dialect/dialect.hpp"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <stdexcept>

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"

namespace mortise::dialect {
namespace {

std::shared_ptr<const Messages> catalogue() {
  auto messages = std::make_shared<Messages>();
  addKernelMessages(*messages);
  EXPECT_TRUE(messages->add("auth", "zh-CN", "invalid_code", "验证码无效或已过期"));
  EXPECT_TRUE(messages->add("auth", "en", "invalid_code", "Code is invalid or has expired"));
  EXPECT_TRUE(messages->add("scheduler", "zh-CN", "job_paused", "任务已暂停"));
  EXPECT_TRUE(messages->add("scheduler", "zh-CN", "jobs_dropped", "已删除 {count} 个任务"));
  return messages;
}

std::string masked(std::string body) {
  body = std::regex_replace(body, std::regex("\"error_id\":\"[0-9a-f]{32}\""), "\"error_id\":\"<id>\"");
  return std::regex_replace(body,
                            std::regex("\"timestamp\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}\\+00:00\""),
                            "\"timestamp\":\"<time>\"");
}

class Golden : public ::testing::Test {
 protected:
  Golden() {
    context.language = "zh-CN";
    context.method = "POST";
    context.path = "/api/x";
    context.url = "http://h/api/x?a=1";
    context.requestId = "r-1";
    context.clientAddress = "192.0.2.1";
  }
  Rendered error(std::string_view family, const Problem& problem) {
    return check(dialects.get(family).error(problem, context));
  }
  std::string body(std::string_view family, const Problem& problem) { return masked(error(family, problem).body); }
  static Rendered check(Rendered rendered) {
    json::Document document;
    json::ParseError failure;
    EXPECT_TRUE(json::parse(rendered.body, document, failure, json::Repeated::refuse)) << rendered.body;
    return rendered;
  }
  static std::string header(const Rendered& rendered, std::string_view name) {
    for (const auto& [key, value] : rendered.fields) {
      if (key == name) return value;
    }
    return "absent";
  }

  Dialects dialects{catalogue()};
  Context context;
};

Problem invalid() {
  return Problem(422, "validation_failed")
      .field({"body", "title"}, "string_too_short", {{"min_length", "1"}})
      .field({"body", "items", "0", "a/b"}, "missing")
      .field({"query", "page"}, "int_parsing");
}

// --- problem

TEST_F(Golden, ProblemSendsBareSuccess) {
  const auto& problem = dialects.get("problem");
  EXPECT_EQ(problem.success(201, "{\"a\":1}", "", context).body, "{\"a\":1}");
  EXPECT_EQ(problem.success(201, "{\"a\":1}", "", context).contentType, "application/json");
  EXPECT_EQ(problem.success(204, "", "", context).body, "");
  EXPECT_EQ(problem.success(204, "", "", context).contentType, "");
}

TEST_F(Golden, ProblemAnswers401) {
  const auto rendered = error("problem", Problem(401, "not_authenticated"));
  EXPECT_EQ(rendered.status, 401);
  EXPECT_EQ(rendered.contentType, "application/problem+json");
  EXPECT_EQ(
      rendered.body,
      R"({"type":"about:blank","title":"Unauthorized","status":401,"detail":"未认证","instance":"/api/x","code":"not_authenticated","request_id":"r-1"})");
  EXPECT_EQ(header(rendered, "WWW-Authenticate"), "Bearer");
  context.credentialsSent = true;
  EXPECT_EQ(header(error("problem", Problem(401, "token_expired")), "WWW-Authenticate"),
            "Bearer error=\"invalid_token\"");
}

TEST_F(Golden, ProblemAnswersInTheLanguageOfTheRequest) {
  EXPECT_EQ(
      body("problem", Problem(401, "invalid_code")),
      R"({"type":"about:blank","title":"Unauthorized","status":401,"detail":"验证码无效或已过期","instance":"/api/x","code":"invalid_code","request_id":"r-1"})");
  context.language = "en";
  EXPECT_EQ(
      body("problem", Problem(401, "invalid_code")),
      R"({"type":"about:blank","title":"Unauthorized","status":401,"detail":"Code is invalid or has expired","instance":"/api/x","code":"invalid_code","request_id":"r-1"})");
}

TEST_F(Golden, ProblemAnswers422) {
  EXPECT_EQ(
      body("problem", invalid()),
      R"({"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"请求参数无效：title: 至少 1 个字符","instance":"/api/x","code":"validation_failed","errors":[{"detail":"至少 1 个字符","pointer":"#/title","loc":["body","title"]},{"detail":"缺少必填字段","pointer":"#/items/0/a~1b","loc":["body","items",0,"a/b"]},{"detail":"必须是整数","loc":["query","page"]}],"request_id":"r-1"})");
  context.language = "en";
  EXPECT_NE(body("problem", invalid()).find("\"detail\":\"Invalid request: title: must have at least 1 characters\""),
            std::string::npos);
}

TEST_F(Golden, ProblemAnswers429WithTheSameSecondsTwice) {
  const auto rendered = error("problem", Problem(429, "rate_limited").retry(7));
  EXPECT_EQ(
      rendered.body,
      R"({"type":"about:blank","title":"Too Many Requests","status":429,"detail":"请求过于频繁","instance":"/api/x","code":"rate_limited","retry_after":7,"request_id":"r-1"})");
  EXPECT_EQ(header(rendered, "Retry-After"), "7");
  // Whether it is too often or too much at once, this family has one word for it.
  EXPECT_EQ(error("problem", Problem(429, "too_many_open").retry(7)).body, rendered.body);
}

TEST_F(Golden, ProblemAnswersUnknownRoutesAndWrongMethods) {
  EXPECT_EQ(
      body("problem", Problem(404, "route_not_found")),
      R"({"type":"about:blank","title":"Not Found","status":404,"detail":"资源不存在","instance":"/api/x","code":"not_found","request_id":"r-1"})");
  const auto rendered = error("problem", Problem(405, "method_not_allowed").header("Allow", "GET, HEAD"));
  EXPECT_EQ(
      rendered.body,
      R"({"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"请求方法不被允许","instance":"/api/x","code":"method_not_allowed","request_id":"r-1"})");
  EXPECT_EQ(header(rendered, "Allow"), "GET, HEAD");
}

TEST_F(Golden, ProblemHidesTheCauseOf500AndShowsDetails) {
  EXPECT_EQ(
      body("problem", Problem(500, "internal").note("select * from secrets")),
      R"({"type":"about:blank","title":"Internal Server Error","status":500,"detail":"服务器内部错误","instance":"/api/x","code":"internal","request_id":"r-1"})");
  EXPECT_EQ(
      body("problem", Problem(413, "payload_too_large").detailsJson(R"({"max_bytes":9,"status":1})")),
      R"({"type":"about:blank","title":"Content Too Large","status":413,"detail":"请求体过大","instance":"/api/x","code":"payload_too_large","request_id":"r-1","max_bytes":9})");
}

// --- code_msg

TEST_F(Golden, CodeMsgWrapsSuccess) {
  const auto& family = dialects.get("code_msg");
  EXPECT_EQ(family.success(200, "[1]", "", context).body, R"({"code":200,"msg":"success","data":[1]})");
  EXPECT_EQ(family.success(200, "", "job_paused", context).body, R"({"code":200,"msg":"任务已暂停","data":null})");
}

TEST_F(Golden, CodeMsgTellsHardFromSoftErrors) {
  const auto hard = error("code_msg", Problem(401, "not_authenticated"));
  EXPECT_EQ(hard.status, 401);
  EXPECT_EQ(hard.body, R"({"code":401,"msg":"未认证","data":{}})");
  EXPECT_EQ(header(hard, "WWW-Authenticate"), "Bearer");
  const std::vector<std::string> soft = {"invalid_credentials"};
  context.soft = &soft;
  const auto rendered = error("code_msg", Problem(401, "invalid_credentials"));
  EXPECT_EQ(rendered.status, 200);
  EXPECT_EQ(rendered.body, R"({"code":401,"msg":"用户名或密码错误","data":null})");
  EXPECT_EQ(header(rendered, "WWW-Authenticate"), "absent");
  EXPECT_EQ(error("code_msg", Problem(403, "forbidden")).status, 403);
}

TEST_F(Golden, CodeMsgSendsBothShapesOf422) {
  const auto list =
      R"([{"type":"string_too_short","loc":["body","title"],"msg":"title: 至少 1 个字符"},{"type":"missing","loc":["body","items",0,"a/b"],"msg":"items.0.a/b: 缺少必填字段"},{"type":"int_parsing","loc":["query","page"],"msg":"page: 必须是整数"}])";
  EXPECT_EQ(body("code_msg", invalid()), std::string(R"({"code":422,"msg":"title: 至少 1 个字符","data":{"errors":)") +
                                             list + "},\"detail\":" + list + "}");
  EXPECT_EQ(
      body("code_msg", Problem(422, "validation_failed").field({"body", "17"}, "json_invalid")),
      R"({"code":422,"msg":"17: 不是有效的 JSON","data":{"errors":[{"type":"json_invalid","loc":["body",17],"msg":"17: 不是有效的 JSON"}]},"detail":[{"type":"json_invalid","loc":["body",17],"msg":"17: 不是有效的 JSON"}]})");
}

TEST_F(Golden, CodeMsgAnswers429And413And404And500) {
  const auto rendered =
      error("code_msg", Problem(429, "rate_limited")
                            .retry(3)
                            .detailsJson(R"({"limit":60,"window_seconds":60,"bucket":"write","retry_after":99})"));
  EXPECT_EQ(
      rendered.body,
      R"({"code":429,"msg":"请求过多，请稍后重试","data":{"retry_after":3,"limit":60,"window_seconds":60,"bucket":"write"}})");
  EXPECT_EQ(header(rendered, "Retry-After"), "3");
  EXPECT_EQ(body("code_msg", Problem(413, "payload_too_large").detailsJson(R"({"max_bytes":2097152})")),
            R"({"code":413,"msg":"请求体过大","data":{"max_bytes":2097152}})");
  EXPECT_EQ(body("code_msg", Problem(404, "route_not_found")), R"({"code":404,"msg":"Not Found","data":{}})");
  EXPECT_EQ(body("code_msg", Problem(500, "internal")), R"({"code":500,"msg":"Internal Server Error","data":{}})");
  EXPECT_EQ(body("code_msg", Problem(503, "unavailable")), R"({"code":503,"msg":"服务暂不可用","data":{}})");
}

// --- unified

TEST_F(Golden, UnifiedWrapsSuccess) {
  const auto& family = dialects.get("unified");
  EXPECT_EQ(masked(family.success(200, "{\"a\":1}", "", context).body),
            R"({"success":true,"error":false,"message":"操作成功","timestamp":"<time>","data":{"a":1}})");
  EXPECT_EQ(masked(family.success(200, "", "job_paused", context).body),
            R"({"success":true,"error":false,"message":"任务已暂停","timestamp":"<time>"})");
  EXPECT_EQ(masked(family.success(200, "", {"jobs_dropped", {{"count", "3"}}}, context).body),
            R"({"success":true,"error":false,"message":"已删除 3 个任务","timestamp":"<time>"})");
}

TEST_F(Golden, UnifiedAnswers401) {
  context.userNumber = 17;
  EXPECT_EQ(
      body("unified", Problem(401, "not_authenticated")),
      R"({"success":false,"error":true,"error_id":"<id>","category":"authentication","severity":"medium","message_code":"AUTHENTICATION_REQUIRED","message":"请先登录","timestamp":"<time>","recoverable":true,"suggestions":["重新登录","验证凭据有效性"],"context":{"request_id":"r-1","user_id":17,"url":"http://h/api/x?a=1","method":"POST","meta":{"ip_address":"192.0.2.1"}}})");
}

TEST_F(Golden, UnifiedAnswers400ForShapeErrorsWithTheFirstOnly) {
  context.clientAddress = {};
  context.requestId = {};
  context.userNumber = 0;
  const auto rendered = error("unified", invalid());
  EXPECT_EQ(rendered.status, 400);
  EXPECT_EQ(
      masked(rendered.body),
      R"({"success":false,"error":true,"error_id":"<id>","category":"validation","severity":"low","message_code":"VALIDATION_ERROR","message":"title: 至少 1 个字符","timestamp":"<time>","recoverable":true,"suggestions":["检查输入数据","根据提示修正请求参数"],"context":{"request_id":null,"user_id":null,"url":"http://h/api/x?a=1","method":"POST","meta":{}}})");
}

TEST_F(Golden, UnifiedAnswers500WithExtra) {
  EXPECT_EQ(
      body("unified",
           Problem(500, "internal")
               .detailsJson(R"({"category":"database","message_code":"DATABASE_QUERY_ERROR","table":"jobs"})")),
      R"({"success":false,"error":true,"error_id":"<id>","category":"database","severity":"high","message_code":"DATABASE_QUERY_ERROR","message":"服务器内部错误","timestamp":"<time>","recoverable":false,"suggestions":["检查数据库连接","联系数据库管理员"],"context":{"request_id":"r-1","user_id":null,"url":"http://h/api/x?a=1","method":"POST","meta":{"ip_address":"192.0.2.1"}},"extra":{"table":"jobs"}})");
}

TEST_F(Golden, UnifiedNamesARefusedPermissionByItsVerb) {
  const auto body = error("unified", Problem(403, "forbidden").with("permission", "sync.view")).body;
  EXPECT_NE(body.find("\"message\":\"需要 view 权限\""), std::string::npos) << body;
  EXPECT_NE(body.find("\"message_code\":\"PERMISSION_REQUIRED\""), std::string::npos) << body;
}

TEST_F(Golden, UnifiedTellsALimitInHeaderFieldsAndNotInTheBody) {
  const auto rendered =
      error("unified",
            Problem(429, "rate_limited")
                .retry(7)
                .detailsJson(R"({"retry_after":7,"limit":10,"window_seconds":60,"bucket":"login","hint":"wait"})"));
  std::map<std::string, std::string> fields(rendered.fields.begin(), rendered.fields.end());
  EXPECT_EQ(fields["Retry-After"], "7");
  EXPECT_EQ(fields["X-RateLimit-Limit"], "10");
  EXPECT_EQ(fields["X-RateLimit-Remaining"], "0");
  const auto wait = std::stoll(fields["X-RateLimit-Reset"]) - nowMicros() / 1'000'000;
  EXPECT_TRUE(wait <= 7 && wait > -600) << wait;
  EXPECT_NE(rendered.body.find(R"("extra":{"hint":"wait"})"), std::string::npos) << rendered.body;
}

TEST_F(Golden, UnifiedNamesEachCode) {
  const auto words = [&](int status, const std::string& code) {
    json::Document document;
    json::ParseError failure;
    json::parse(dialects.get("unified").error(Problem(status, code), context).body, document, failure);
    return std::string(json::textMember(document, "message_code")) + " " +
           std::string(json::textMember(document, "category")) + " " +
           std::string(json::textMember(document, "severity")) + " " +
           std::string(json::textMember(document, "message"));
  };
  EXPECT_EQ(words(400, "bad_value"), "VALIDATION_ERROR validation low bad_value");
  EXPECT_EQ(words(401, "invalid_credentials"), "INVALID_CREDENTIALS authentication medium 用户名或密码错误");
  EXPECT_EQ(words(403, "permission_required"), "PERMISSION_REQUIRED authorization medium 权限不足");
  EXPECT_EQ(words(403, "account_disabled"), "ACCOUNT_DISABLED authorization medium 账户已被停用");
  EXPECT_EQ(words(403, "csrf_missing"), "CSRF_MISSING authorization medium 缺少 CSRF 令牌");
  EXPECT_EQ(words(403, "csrf_invalid"), "CSRF_INVALID authorization medium CSRF 令牌无效,请刷新后重试");
  EXPECT_EQ(words(404, "not_found"), "RESOURCE_NOT_FOUND business low 资源不存在");
  EXPECT_EQ(words(404, "job_not_found"), "RESOURCE_NOT_FOUND business low job_not_found");
  EXPECT_EQ(words(404, "route_not_found"),
            "INVALID_REQUEST business medium The requested URL was not found on the server.");
  EXPECT_EQ(words(405, "method_not_allowed"),
            "INVALID_REQUEST business medium The method is not allowed for the requested URL.");
  EXPECT_EQ(words(409, "scheduler_stopped"), "CONSTRAINT_VIOLATION business medium scheduler_stopped");
  EXPECT_EQ(words(413, "payload_too_large"),
            "INVALID_REQUEST business medium The data value transmitted exceeds the capacity limit.");
  EXPECT_EQ(words(429, "rate_limited"), "RATE_LIMIT_EXCEEDED security medium 请求过于频繁,请稍后再试");
  EXPECT_EQ(words(502, "task_execution_failed"), "TASK_EXECUTION_FAILED external high task_execution_failed");
}

// --- sessionfs

TEST_F(Golden, SessionfsTellsPlainFromStructuredErrors) {
  context.language = "en";
  EXPECT_EQ(dialects.get("sessionfs").success(200, "[]", "", context).body, "[]");
  EXPECT_EQ(body("sessionfs", Problem(404, "not_found")),
            R"({"error":{"code":"404","message":"Not found","details":{}}})");
  EXPECT_EQ(body("sessionfs", Problem(404, "route_not_found")),
            R"({"error":{"code":"404","message":"Not Found","details":{}}})");
  EXPECT_EQ(body("sessionfs", Problem(401, "not_authenticated")),
            R"({"error":{"code":"401","message":"Missing or invalid API key","details":{}}})");
  EXPECT_EQ(
      body("sessionfs", Problem(401, "api_key_revoked")),
      R"({"error":{"code":"401","message":"The API key has been revoked","details":{"error":"api_key_revoked"}}})");
  EXPECT_EQ(
      body("sessionfs", Problem(403, "insufficient_scope")
                            .detailsJson(R"({"required":["tickets:write"],"current":["tickets:read"]})")),
      R"({"error":{"code":"403","message":"The service key lacks a required scope","details":{"error":"insufficient_scope","required":["tickets:write"],"current":["tickets:read"]}}})");
  EXPECT_EQ(body("sessionfs", Problem(410, "handoff_gone").detailsJson(R"({"since":1})")),
            R"({"error":{"code":"410","message":"handoff_gone","details":{"error":"handoff_gone","since":1}}})");
  EXPECT_EQ(error("sessionfs", Problem(404, "not_found")).contentType, "application/json");
  EXPECT_EQ(body("sessionfs", Problem(429, "rate_limited").detailsJson(R"({"retry_after":1})")),
            R"({"error":{"code":"429","message":"Rate limit exceeded","details":{}}})");
}

TEST_F(Golden, SessionfsLetsSomeCodesLead) {
  context.language = "en";
  EXPECT_EQ(
      body("sessionfs", Problem(409, "etag_mismatch").detailsJson(R"({"current_etag":"e"})")),
      R"({"error":{"code":"etag_mismatch","message":"It was changed meanwhile; read it again","details":{"current_etag":"e"}}})");
  EXPECT_EQ(body("sessionfs", Problem(413, "payload_too_large")),
            R"({"error":{"code":"PAYLOAD_TOO_LARGE","message":"The request body is too large","details":{}}})");
  EXPECT_EQ(body("sessionfs", Problem(409, "duplicate_resource")),
            R"({"error":{"code":"duplicate_resource","message":"duplicate_resource","details":{"status":409}}})");
}

TEST_F(Golden, SessionfsTellsNewerCodesInBothPlaces) {
  context.language = "en";
  EXPECT_EQ(
      body("sessionfs", Problem(403, "service_key_not_allowed").detailsJson(R"({"service_key_name":"ci"})")),
      R"({"error":{"code":"service_key_not_allowed","message":"Service keys are not allowed here","details":{"error":"service_key_not_allowed","service_key_name":"ci"}}})");
  EXPECT_EQ(body("sessionfs", Problem(429, "upload_busy").retry(1)),
            R"({"error":{"code":"upload_busy","message":"upload_busy","details":{"error":"upload_busy"}}})");
}

TEST_F(Golden, SessionfsAnswers422WithoutEchoingInput) {
  context.language = "en";
  EXPECT_EQ(
      body("sessionfs", invalid()),
      R"({"error":{"code":"422","message":"Validation error","details":{"errors":[{"type":"string_too_short","loc":["body","title"],"msg":"must have at least 1 characters","input":null,"ctx":{"min_length":"1"}},{"type":"missing","loc":["body","items",0,"a/b"],"msg":"field required","input":null},{"type":"int_parsing","loc":["query","page"],"msg":"must be an integer","input":null}]}}})");
  const auto limited = error("sessionfs", Problem(429, "sync_rate_limit").retry(5));
  EXPECT_EQ(limited.body,
            R"({"error":{"code":"429","message":"sync_rate_limit","details":{"error":"sync_rate_limit"}}})");
  EXPECT_EQ(header(limited, "Retry-After"), "5");
}

TEST_F(Golden, SessionfsTellsRulesInTheWordsOfItsClients) {
  context.language = "en";
  const auto told = [&](const std::string& rule, Params params = {}) {
    const auto text =
        body("sessionfs", Problem(422, "validation_failed").field({"body", "a"}, rule, std::move(params)));
    const auto start = text.find("\"type\":\"") + 8;
    return text.substr(start, text.find('"', start) - start);
  };
  for (const char* rule : {"missing", "json_invalid", "string_type", "string_too_short", "string_too_long",
                           "string_pattern_mismatch", "greater_than_equal", "less_than_equal", "int_parsing",
                           "bool_parsing", "literal_error", "too_short", "too_long"})
    EXPECT_EQ(told(rule), rule);
  EXPECT_EQ(told("int_type"), "int_parsing");
  EXPECT_EQ(told("bool_type"), "bool_parsing");
  EXPECT_EQ(told("object_type"), "model_attributes_type");
  EXPECT_EQ(told("null_forbidden", {{"type", "string_type"}}), "string_type");
  EXPECT_EQ(told("null_forbidden", {{"type", "int_type"}}), "int_parsing");
  EXPECT_EQ(told("null_forbidden", {{"type", "object_type"}}), "model_attributes_type");
  for (const char* rule : {"email", "uuid", "date_time", "null_forbidden", "extra_forbidden", "one_of", "list_type",
                           "control_character", "a_module_s_own"})
    EXPECT_EQ(told(rule), "value_error") << rule;
  EXPECT_EQ(
      body("sessionfs",
           Problem(422, "validation_failed").field({"body", "days"}, "null_forbidden", {{"type", "int_type"}})),
      R"({"error":{"code":"422","message":"Validation error","details":{"errors":[{"type":"int_parsing","loc":["body","days"],"msg":"must not be null","input":null}]}}})");
}

// --- templates

TEST_F(Golden, TemplatesMakeADialectFromData) {
  dialects.addTemplate(
      "jsend", R"j({"status":"success","http":{{status}},"data":{{ data }},"note":"{{message}} ({{request_id}})"})j",
      R"j({"status":"error","code":{{code}},"message":{{message}},"errors":{{errors}},"text":"{{status}}: {{code}}"})j",
      "application/vnd.jsend+json");
  context.requestId = "a\"b";
  const auto& family = dialects.get("jsend");
  EXPECT_EQ(family.success(200, "{\"a\":1}", "", context).body,
            R"j({"status":"success","http":200,"data":{"a":1},"note":"success (a\"b)"})j");
  EXPECT_EQ(family.success(200, "", "", context).contentType, "application/vnd.jsend+json");
  EXPECT_EQ(
      body("jsend", Problem(422, "validation_failed").field({"body", "a"}, "missing")),
      R"({"status":"error","code":"validation_failed","message":"请求参数无效：a: 缺少必填字段","errors":[{"type":"missing","loc":["body","a"],"message":"缺少必填字段"}],"text":"422: validation_failed"})");
  EXPECT_TRUE(dialects.has("jsend"));
}

TEST_F(Golden, TemplatesThatAreNotJsonAreRefused) {
  EXPECT_THROW(dialects.addTemplate("a", "{\"data\":{{data}}", "{}", ""), std::runtime_error);
  EXPECT_THROW(dialects.addTemplate("a", "{}", "{\"code\":x{{code}}}", ""), std::runtime_error);
  EXPECT_THROW(dialects.addTemplate("a", "{\"m\":{{mesage}}}", "{}", ""), std::runtime_error);
  EXPECT_THROW(dialects.addTemplate("problem", "{}", "{}", ""), std::runtime_error);
  EXPECT_FALSE(dialects.has("a"));
}

TEST_F(Golden, AnUnknownFamilyIsProblem) {
  EXPECT_EQ(error("nobody", Problem(404, "not_found")).contentType, "application/problem+json");
}

}  // namespace
}  // namespace mortise::dialect
