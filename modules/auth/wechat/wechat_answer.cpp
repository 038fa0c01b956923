#include "wechat_answer.hpp"

#include <mortise/characters.hpp>

#include <rapidjson/document.h>

#include "../web_url.hpp"

namespace auth {
namespace {

constexpr std::size_t kMaxNickname = 64;  // characters, as in the platform's contract
constexpr std::size_t kMaxAvatar = 512;
constexpr std::size_t kMaxId = 128;

using Answer = rapidjson::Document;

std::string text(const Answer& answer, const char* name) {
  const auto member = answer.FindMember(name);
  if (member == answer.MemberEnd() || !member->value.IsString()) return {};
  return {member->value.GetString(), member->value.GetStringLength()};
}

// An object without an error; else why not.
std::optional<WeChatRefusal> parse(std::string_view body, Answer& into) {
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  if (into.Parse<kFlags>(body.data(), body.size()).HasParseError() || !into.IsObject()) return WeChatRefusal{};
  const auto error = into.FindMember("errcode");
  if (error == into.MemberEnd()) return std::nullopt;
  if (!error->value.IsInt64()) return WeChatRefusal{};
  if (error->value.GetInt64() == 0) return std::nullopt;
  return WeChatRefusal{error->value.GetInt64()};
}

bool isId(const std::string& id) { return !id.empty() && id.size() <= kMaxId && mortise::isOneLine(id); }

}  // namespace

std::variant<WeChatGrant, WeChatRefusal> readGrant(std::string_view body) {
  Answer answer;
  if (const auto refusal = parse(body, answer)) return *refusal;
  WeChatGrant grant;
  grant.accessToken = text(answer, "access_token");
  grant.openid = text(answer, "openid");
  grant.unionId = text(answer, "unionid");
  grant.mayReadProfile = text(answer, "scope") != "snsapi_base";
  if (grant.accessToken.empty() || !isId(grant.openid)) return WeChatRefusal{};
  if (!isId(grant.unionId)) grant.unionId.clear();
  return grant;
}

std::variant<WeChatProfile, WeChatRefusal> readProfile(std::string_view body) {
  Answer answer;
  if (const auto refusal = parse(body, answer)) return *refusal;
  if (text(answer, "openid").empty()) return WeChatRefusal{};
  WeChatProfile profile;
  profile.nickname = mortise::firstCharacters(text(answer, "nickname"), kMaxNickname);
  if (!mortise::isOneLine(profile.nickname)) profile.nickname.clear();
  profile.avatar = text(answer, "headimgurl");
  if (profile.avatar.size() > kMaxAvatar || !WebUrl::parse(profile.avatar)) profile.avatar.clear();
  profile.unionId = text(answer, "unionid");
  if (!isId(profile.unionId)) profile.unionId.clear();
  return profile;
}

}  // namespace auth
