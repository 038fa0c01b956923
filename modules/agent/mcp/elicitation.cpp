#include "mcp/elicitation.hpp"

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>
#include <mortise/mail_text.hpp>
#include <mortise/white_space.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include "json_reading.hpp"
#include "mcp/failure.hpp"
#include "mcp/form_field.hpp"

namespace agent::mcp {
namespace {

namespace json = mortise::json;
namespace models = mortise::models;

constexpr std::size_t kMaxFields = 20;
constexpr std::size_t kMaxRequests = 10;
constexpr std::size_t kMessageCharacters = 2000;
constexpr int kTries = 3;

json::Value action(std::string_view word) { return json::object({{"action", word}}); }

bool isRequired(const rapidjson::Value& schema, std::string_view name) {
  const auto* required = models::listMember(schema, "required");
  return required != nullptr && std::any_of(required->Begin(), required->End(), [&](const rapidjson::Value& one) {
           return one.IsString() && name == std::string_view(one.GetString(), one.GetStringLength());
         });
}

// Empty: a field is of a kind that nobody can be asked for, or there are too many.
std::optional<std::vector<FormField>> fieldsOf(const rapidjson::Value& params) {
  std::vector<FormField> out;
  const auto* schema = models::objectMember(params, "requestedSchema");
  const auto* properties = schema == nullptr ? nullptr : models::objectMember(*schema, "properties");
  if (properties == nullptr) return out;
  if (properties->MemberCount() > kMaxFields) return std::nullopt;
  for (const auto& property : properties->GetObject()) {
    const std::string_view name(property.name.GetString(), property.name.GetStringLength());
    auto field = FormField::read(name, property.value, isRequired(*schema, name));
    if (!field) return std::nullopt;
    out.push_back(*std::move(field));
  }
  return out;
}

// Text around the server's message says who asks and where the answers go: the message itself may claim anything.
std::string beginning(const rapidjson::Value& params, const Asking& asking) {
  const bool chinese = mortise::isChinese(asking.language);
  const auto message = mortise::firstCharacters(models::textMember(params, "message"), kMessageCharacters);
  std::string out(chinese ? "工具服务器“" : "The tool server \"");
  out.append(asking.server).append(chinese ? "”询问：\n" : "\" asks:\n").append(message).append("\n\n");
  return out.append(
      chinese ? "您的回答会发送给该服务器，并保留在本会话中：请勿填写密码或密钥。回答“拒绝”表示拒绝，“取消”表示取消。"
              : "Your answers go to that server and stay in this session: give it no passwords or keys. "
                "\"decline\" refuses, \"cancel\" ends the call.");
}

enum class Said { answer, decline, cancel };

Said whatIsSaid(std::string_view text) {
  const auto word = mortise::asciiLowerCase(text);
  if (word == "decline" || word == "拒绝") return Said::decline;
  if (word == "cancel" || word == "取消") return Said::cancel;
  return Said::answer;
}

std::string misfit(std::string_view rule, std::string_view language) {
  return mortise::isChinese(language) ? "该回答不符合要求，应为：" + std::string(rule) + "。"
                                      : "That answer does not fit. It must be " + std::string(rule) + ".";
}

// Without a form a server asks whether it may go on.
json::Value consent(const rapidjson::Value& params, const Asking& asking) {
  const bool chinese = mortise::isChinese(asking.language);
  const auto rule = ruleOfYesOrNo(asking.language);
  auto question = beginning(params, asking) + "\n\n" + answerWith(rule, asking.language) + (chinese ? "。" : ".");
  for (int i = 0; i < kTries; ++i) {
    const auto answer = asking.ask(question);
    if (!answer) return action("cancel");
    const auto text = mortise::withoutSpaceAround(*answer);
    const auto said = whatIsSaid(text);
    if (said == Said::cancel) return action("cancel");
    const auto yes = yesOrNo(text);
    if (said == Said::decline || yes == false) return action("decline");
    if (yes) return json::object({{"action", "accept"}, {"content", json::object()}});
    question = misfit(rule, asking.language);
  }
  return action("decline");
}

}  // namespace

bool isForm(const rapidjson::Value& params) {
  const auto mode = models::textMember(params, "mode");
  return mode.empty() || mode == "form";
}

json::Value elicited(const rapidjson::Value& params, const Asking& asking) {
  if (!isForm(params)) return action("decline");
  if (!asking.ask) return action("cancel");
  const auto fields = fieldsOf(params);
  if (!fields) return action("decline");
  if (fields->empty()) return consent(params, asking);
  json::Object content;
  auto before = beginning(params, asking);
  for (std::size_t number = 1; number <= fields->size(); ++number) {
    const auto& field = (*fields)[number - 1];
    const auto place = fields->size() == 1 ? std::string()
                                           : "(" + std::to_string(number) + "/" + std::to_string(fields->size()) + ") ";
    const auto question = place + field.question(asking.language);
    FormField::Answer answer;
    for (int i = 0; i < kTries && !answer.fits; ++i) {
      if (i > 0) before = misfit(field.rule(asking.language), asking.language);
      if (!before.empty()) before.append("\n\n");
      const auto reply = asking.ask(std::exchange(before, {}) + question);
      if (!reply) return action("cancel");
      const auto text = mortise::withoutSpaceAround(*reply);
      const auto said = field.hasChoice(text) ? Said::answer : whatIsSaid(text);
      if (said != Said::answer) return action(said == Said::cancel ? "cancel" : "decline");
      answer = field.answer(text);
    }
    if (!answer.fits) return action("decline");
    if (answer.value) content.add(field.name(), *answer.value);
  }
  return json::object({{"action", "accept"}, {"content", content.build()}});
}

json::Value inputResponses(const rapidjson::Value& requests, const Asking& asking) {
  if (!requests.IsObject() || requests.MemberCount() > kMaxRequests)
    throw Failure(Failure::Cause::unreadable, "it asks for input in no known form");
  json::Object out;
  const rapidjson::Value none(rapidjson::kObjectType);
  for (const auto& request : requests.GetObject()) {
    const std::string_view name(request.name.GetString(), request.name.GetStringLength());
    const auto method = models::textMember(request.value, "method");
    const auto* params = models::objectMember(request.value, "params");
    if (method == "elicitation/create") {
      out.add(name, elicited(params == nullptr ? none : *params, asking));
    } else if (method == "roots/list") {
      out.add(name, json::object({{"roots", json::list()}}));
    } else {
      throw Failure(Failure::Cause::unreadable,
                    "it asks for something that is not offered: " + std::string(mortise::firstBytes(method, 100)));
    }
  }
  return out.build();
}

}  // namespace agent::mcp
